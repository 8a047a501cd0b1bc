import type { OtlpSpan } from "../otlp/trace-data.ts";
import type { TimeWindow } from "./time-window.ts";

/** Why a span cannot be stored. */
export type SpanIssue =
  | "malformed"
  | "bad-trace-id"
  | "bad-span-id"
  | "time-out-of-window"
  | "older-than-retention"
  | "tenant-not-allowed"
  | "service-not-allowed";

export const TRACE_ID_BYTES = 16;
export const SPAN_ID_BYTES = 8;

/** What makes a span unfit for the store, or `null`. */
export function findSpanIssue(span: OtlpSpan, window: TimeWindow): SpanIssue | null {
  if (span.malformed !== undefined) return "malformed";
  if (!isId(span.traceId, TRACE_ID_BYTES)) return "bad-trace-id";
  if (!isId(span.spanId, SPAN_ID_BYTES)) return "bad-span-id";
  const start = span.startTimeUnixNano;
  if (start < window.earliestUnixNano || start > window.latestUnixNano) return "time-out-of-window";
  return start < window.ledgerFromUnixNano ? "older-than-retention" : null;
}

function isId(id: Uint8Array, sizeBytes: number): boolean {
  return id.length === sizeBytes && id.some((byte) => byte !== 0);
}
