import type { CallRow } from "@spancost/clickhouse";
import { type CallReading, LLM_COST_KIND, readCost, readSpan, type SpanFacts } from "@spancost/core";
import type { Pricer } from "@spancost/rates";
import type { OtlpSpan } from "../otlp/trace-data.ts";
import { costColumns } from "./cost-columns.ts";
import { priceColumns } from "./price-columns.ts";
import { type SpanColumns, spanColumns, type SpanColumnsContext } from "./span-columns.ts";

/** What turning spans into calls depends on. */
export interface CallContext extends SpanColumnsContext {
  readonly pricer: Pricer;
}

const NANOS_PER_MS = 1_000_000n;

/** The ledger's row for a span that is an LLM call or another cost; `null` for any other span. A pure function of the span. */
export function toCallRow(span: OtlpSpan, context: CallContext): CallRow | null {
  const facts = toFacts(span);
  const reading = readSpan(facts);
  if (reading !== null && reading.role === "call")
    return { ...spanColumns(span, facts, context), ...toLlm(reading, span, context) };
  const cost = readCost(facts);
  return cost === null ? null : { ...spanColumns(span, facts, context), ...costColumns(cost, facts) };
}

/** What a row says of an LLM call. */
function toLlm(reading: CallReading, span: OtlpSpan, context: CallContext): Omit<CallRow, keyof SpanColumns> {
  return {
    ...priceColumns(reading, Number(span.startTimeUnixNano / NANOS_PER_MS), context.pricer),
    providerReported: reading.provider,
    providerAccount: reading.providerAccount,
    modelRequested: reading.modelRequested,
    modelReported: reading.modelReported,
    sessionId: reading.sessionId,
    operation: reading.operation,
    serviceTier: reading.serviceTier,
    inferenceRegion: reading.inferenceRegion,
    attempt: attemptColumn(reading),
    streamed: reading.streamed,
    isError: reading.isError,
    errorType: errorTypeColumn(reading),
    responseId: reading.responseId,
    usage: reading.usage,
    usageIsLowerBound: reading.usageIsLowerBound,
    costKind: LLM_COST_KIND,
    dialect: reading.dialect,
  };
}

/** The attempt as its column takes it. */
export function attemptColumn({ attempt }: Pick<CallReading, "attempt">): number {
  return Math.min(Math.trunc(attempt), MAX_ATTEMPT);
}

/** The error's type as its column takes it. */
export function errorTypeColumn({ errorType }: Pick<CallReading, "errorType">): string {
  return errorType.slice(0, MAX_ERROR_TYPE_LENGTH);
}

/** More attempts than anybody makes: a number from outside must fit its column. */
const MAX_ATTEMPT = 1_000_000;
/** An error's type is a short name; producers that put a whole message there must not fill the column with it. */
const MAX_ERROR_TYPE_LENGTH = 200;

/** A span as the dialects read it. */
export function toFacts(span: OtlpSpan): SpanFacts {
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
