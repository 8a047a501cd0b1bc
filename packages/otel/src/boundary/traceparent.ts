import type { TextMapGetter } from "@opentelemetry/api";

/** The span that a message was sent in. */
export interface TraceParent {
  /** 32 lower-case hexadecimal digits. */
  readonly traceId: string;
  /** 16 lower-case hexadecimal digits. */
  readonly spanId: string;
}

/** @see https://www.w3.org/TR/trace-context/#traceparent-header, read 2026-11-20; later versions may append fields. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?$/;

/** Reads a `traceparent`; `undefined` when it is none. */
export function parseTraceparent(text: string): TraceParent | undefined {
  const [, traceId, spanId] = TRACEPARENT.exec(text.trim()) ?? [];
  return traceId === undefined || spanId === undefined ? undefined : { traceId, spanId };
}

/** Reads the one `traceparent` of a message. */
export function readTraceparent<Carrier>(carrier: Carrier, getter: TextMapGetter<Carrier>): TraceParent | undefined {
  const given: unknown = getter.get(carrier, "traceparent");
  const text: unknown = Array.isArray(given) && given.length === 1 ? given[0] : given;
  return typeof text === "string" ? parseTraceparent(text) : undefined;
}
