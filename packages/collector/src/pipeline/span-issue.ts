import type { OtlpSpan } from "../otlp/trace-data.ts";

/** Why a span cannot be stored. */
export type SpanIssue = "malformed" | "bad-trace-id" | "bad-span-id" | "time-out-of-window";

const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;
/** Spans from before this are a broken clock, not history: no provider of LLM calls billed then. */
const EARLIEST_UNIX_NANO = BigInt(Date.UTC(2020, 0, 1)) * 1_000_000n;
/** How far a sender's clock may be ahead. */
const MAX_AHEAD_NANO = 24n * 3_600n * 1_000_000_000n;

/** What makes a span unfit for the store, or `null`. `nowUnixMs` bounds its time, which decides the key and the partition. */
export function findSpanIssue(span: OtlpSpan, nowUnixMs: number): SpanIssue | null {
  if (span.malformed !== undefined) return "malformed";
  if (!isId(span.traceId, TRACE_ID_BYTES)) return "bad-trace-id";
  if (!isId(span.spanId, SPAN_ID_BYTES)) return "bad-span-id";
  const latest = BigInt(Math.trunc(nowUnixMs)) * 1_000_000n + MAX_AHEAD_NANO;
  return span.startTimeUnixNano < EARLIEST_UNIX_NANO || span.startTimeUnixNano > latest ? "time-out-of-window" : null;
}

function isId(id: Uint8Array, sizeBytes: number): boolean {
  return id.length === sizeBytes && id.some((byte) => byte !== 0);
}
