import { createHash } from "node:crypto";
import type { CallRow } from "@spancost/clickhouse";
import { LLM_COST_KIND, readCost, readKey, type SpanFacts } from "@spancost/core";
import type { OtlpSpan } from "../otlp/trace-data.ts";
import { toText } from "./to-text.ts";

const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;
const NO_PARENT = new Uint8Array(SPAN_ID_BYTES);

/** Whose key it is: nobody's key makes another tenant's, service's or environment's cost disappear. */
export interface KeyOwner {
  readonly tenantId: string;
  readonly service: string;
  readonly environment: string;
}

/**
 * The identity of a row. A span with a key of its own (`spancost.key`) has ids that follow from its owner, kind and key, so that the same
 * cost recorded again, in another trace and at another time, is the same row or is settled with it; any other has its span's ids.
 */
export function identify(
  span: OtlpSpan,
  facts: SpanFacts,
  { tenantId, service, environment }: KeyOwner,
): Pick<CallRow, "traceId" | "spanId" | "parentSpanId"> {
  const key = readKey(facts);
  if (key === "") {
    const parentSpanId = span.parentSpanId.length === SPAN_ID_BYTES ? span.parentSpanId : NO_PARENT;
    return { traceId: span.traceId, spanId: span.spanId, parentSpanId };
  }
  const namespace = toText(span.origin.resourceAttributes["service.namespace"]);
  const kind = readCost(facts)?.kind ?? LLM_COST_KIND;
  const digest = createHash("sha256")
    .update(JSON.stringify(["spancost.key", namespace, service, environment, tenantId, kind, key]))
    .digest();
  return {
    traceId: digest.subarray(0, TRACE_ID_BYTES),
    spanId: digest.subarray(TRACE_ID_BYTES, TRACE_ID_BYTES + SPAN_ID_BYTES),
    parentSpanId: NO_PARENT,
  };
}
