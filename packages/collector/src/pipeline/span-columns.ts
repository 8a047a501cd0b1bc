import type { CallRow } from "@spancost/clickhouse";
import { type AttributionKeys, readAttribution, type SpanFacts } from "@spancost/core";
import type { OtlpSpan } from "../otlp/trace-data.ts";
import { identify } from "./identify.ts";
import { durationOf } from "./to-span-row.ts";
import { toText } from "./to-text.ts";

/** What the columns of a span depend on. */
export interface SpanColumnsContext {
  /** Names of the application's own attribution. */
  readonly attributionKeys: AttributionKeys;
  /** Extra attributes that become labels of a call. */
  readonly labels: readonly string[];
}

/** The columns of a ledger row that say which span it is and whom it belongs to, whatever it cost. */
export type SpanColumns = Pick<
  CallRow,
  | "tenantId"
  | "userId"
  | "feature"
  | "task"
  | "taskId"
  | "traceId"
  | "spanId"
  | "parentSpanId"
  | "hourUnix"
  | "startTimeUnixNano"
  | "durationNano"
  | "service"
  | "environment"
  | "labels"
  | "scopeName"
  | "scopeVersion"
>;

const NANOS_PER_HOUR = 3_600_000_000_000n;
const SECONDS_PER_HOUR = 3_600;
/** Prefix under which our span processor writes labels. */
export const LABEL_PREFIX = "spancost.label.";

/** Reads them. */
export function spanColumns(span: OtlpSpan, facts: SpanFacts, context: SpanColumnsContext): SpanColumns {
  const attribution = readAttribution(facts, context.attributionKeys);
  const origin = originColumns(span);
  return {
    ...attribution,
    ...origin,
    ...identify(span, facts, { tenantId: attribution.tenantId, ...origin }),
    hourUnix: Number(span.startTimeUnixNano / NANOS_PER_HOUR) * SECONDS_PER_HOUR,
    startTimeUnixNano: span.startTimeUnixNano,
    durationNano: durationOf(span),
    labels: readLabels(span, context.labels),
    scopeName: span.origin.scopeName,
    scopeVersion: span.origin.scopeVersion,
  };
}

/** Where a span came from. */
export function originColumns({ origin }: OtlpSpan): Pick<CallRow, "service" | "environment"> {
  const { resourceAttributes } = origin;
  return {
    service: toText(resourceAttributes["service.name"]),
    environment: toText(
      resourceAttributes["deployment.environment.name"] ?? resourceAttributes["deployment.environment"],
    ),
  };
}

function readLabels(span: OtlpSpan, names: readonly string[]): CallRow["labels"] {
  return names.flatMap((name) => {
    const value = span.attributes[LABEL_PREFIX + name] ?? span.attributes[name];
    return value === undefined || value === null ? [] : [[name, toText(value)] as const];
  });
}
