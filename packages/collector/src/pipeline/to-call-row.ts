import type { CallRow } from "@spancost/clickhouse";
import { type AttributionKeys, readAttribution, readSpan, type SpanFacts } from "@spancost/core";
import type { Pricer } from "@spancost/rates";
import type { OtlpSpan } from "../otlp/trace-data.ts";
import { priceColumns } from "./price-columns.ts";
import { durationOf } from "./to-span-row.ts";
import { toText } from "./to-text.ts";

/** What turning spans into calls depends on. */
export interface CallContext {
  readonly pricer: Pricer;
  /** Names of the application's own attribution. */
  readonly attributionKeys: AttributionKeys;
  /** Extra attributes that become labels of a call. */
  readonly labels: readonly string[];
}

const NANOS_PER_MS = 1_000_000n;
const NANOS_PER_HOUR = 3_600_000_000_000n;
const SECONDS_PER_HOUR = 3_600;
const SPAN_ID_BYTES = 8;
/** Prefix under which our span processor writes labels. */
const LABEL_PREFIX = "spancost.label.";

/** The ledger's row for a span that is an LLM call; `null` for any other span. A pure function of the span. */
export function toCallRow(span: OtlpSpan, context: CallContext): CallRow | null {
  const facts = toFacts(span);
  const reading = readSpan(facts);
  if (reading === null || reading.role !== "call") return null;
  const { resourceAttributes } = span.origin;
  return {
    ...readAttribution(facts, context.attributionKeys),
    ...priceColumns(reading, Number(span.startTimeUnixNano / NANOS_PER_MS), context.pricer),
    providerReported: reading.provider,
    providerAccount: reading.providerAccount,
    modelRequested: reading.modelRequested,
    modelReported: reading.modelReported,
    hourUnix: Number(span.startTimeUnixNano / NANOS_PER_HOUR) * SECONDS_PER_HOUR,
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId.length === SPAN_ID_BYTES ? span.parentSpanId : new Uint8Array(SPAN_ID_BYTES),
    startTimeUnixNano: span.startTimeUnixNano,
    durationNano: durationOf(span),
    sessionId: reading.sessionId,
    service: toText(resourceAttributes["service.name"]),
    environment: toText(
      resourceAttributes["deployment.environment.name"] ?? resourceAttributes["deployment.environment"],
    ),
    labels: readLabels(span, context.labels),
    operation: reading.operation,
    serviceTier: reading.serviceTier,
    inferenceRegion: reading.inferenceRegion,
    attempt: Math.min(Math.trunc(reading.attempt), MAX_ATTEMPT),
    streamed: reading.streamed,
    isError: reading.isError,
    errorType: reading.errorType.slice(0, MAX_ERROR_TYPE_LENGTH),
    responseId: reading.responseId,
    usage: reading.usage,
    usageIsLowerBound: reading.usageIsLowerBound,
    costKind: "llm",
    dialect: reading.dialect,
    scopeName: span.origin.scopeName,
    scopeVersion: span.origin.scopeVersion,
  };
}

/** More attempts than anybody makes: a number from outside must fit its column. */
const MAX_ATTEMPT = 1_000_000;
/** An error's type is a short name; producers that put a whole message there must not fill the column with it. */
const MAX_ERROR_TYPE_LENGTH = 200;

function toFacts(span: OtlpSpan): SpanFacts {
  return {
    name: span.name,
    scopeName: span.origin.scopeName,
    scopeVersion: span.origin.scopeVersion,
    statusCode: span.statusCode === 1 || span.statusCode === 2 ? span.statusCode : 0,
    attributes: span.attributes,
    resourceAttributes: span.origin.resourceAttributes,
    startTimeUnixNano: span.startTimeUnixNano,
    endTimeUnixNano: span.endTimeUnixNano,
  };
}

function readLabels(span: OtlpSpan, names: readonly string[]): CallRow["labels"] {
  return names.flatMap((name) => {
    const value = span.attributes[LABEL_PREFIX + name] ?? span.attributes[name];
    return value === undefined || value === null ? [] : [[name, toText(value)] as const];
  });
}
