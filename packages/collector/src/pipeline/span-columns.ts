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
const LABEL_PREFIX = "spancost.label.";

/** Reads them. */
export function spanColumns(span: OtlpSpan, facts: SpanFacts, context: SpanColumnsContext): SpanColumns {
  const { resourceAttributes } = span.origin;
  const attribution = readAttribution(facts, context.attributionKeys);
  const service = toText(resourceAttributes["service.name"]);
  const environment = toText(
    resourceAttributes["deployment.environment.name"] ?? resourceAttributes["deployment.environment"],
  );
  return {
    ...attribution,
    ...identify(span, facts, { tenantId: attribution.tenantId, service, environment }),
    hourUnix: Number(span.startTimeUnixNano / NANOS_PER_HOUR) * SECONDS_PER_HOUR,
    startTimeUnixNano: span.startTimeUnixNano,
    durationNano: durationOf(span),
    service,
    environment,
    labels: readLabels(span, context.labels),
    scopeName: span.origin.scopeName,
    scopeVersion: span.origin.scopeVersion,
  };
}

function readLabels(span: OtlpSpan, names: readonly string[]): CallRow["labels"] {
  return names.flatMap((name) => {
    const value = span.attributes[LABEL_PREFIX + name] ?? span.attributes[name];
    return value === undefined || value === null ? [] : [[name, toText(value)] as const];
  });
}
