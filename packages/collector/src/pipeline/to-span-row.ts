import type { SpanRow } from "@spancost/clickhouse";
import type { OtlpSpan } from "../otlp/trace-data.ts";
import { toText, toTextEntries } from "./to-text.ts";

/** Names of OTLP's enums as the Collector's exporter writes them. */
export const KINDS = ["Unspecified", "Internal", "Server", "Client", "Producer", "Consumer"];
export const STATUS_CODES = ["Unset", "Ok", "Error"];

/** A span as a row of `otel_traces`. */
export function toSpanRow(span: OtlpSpan, withContent: boolean): SpanRow {
  return {
    startTimeUnixNano: span.startTimeUnixNano,
    durationNano: durationOf(span),
    traceId: toHex(span.traceId),
    spanId: toHex(span.spanId),
    parentSpanId: toHex(span.parentSpanId),
    traceState: span.traceState,
    name: span.name,
    kind: KINDS[span.kind] ?? "Unspecified",
    serviceName: toText(span.origin.resourceAttributes["service.name"]),
    resourceAttributes: toTextEntries(span.origin.resourceAttributes, true),
    scopeName: span.origin.scopeName,
    scopeVersion: span.origin.scopeVersion,
    attributes: toTextEntries(span.attributes, withContent),
    statusCode: STATUS_CODES[span.statusCode] ?? "Unset",
    statusMessage: span.statusMessage,
    events: span.events.map((event) => ({
      ...event,
      attributes: toTextEntries(event.attributes, withContent, event.name),
    })),
    links: span.links.map((link) => ({
      traceId: toHex(link.traceId),
      spanId: toHex(link.spanId),
      traceState: link.traceState,
      attributes: toTextEntries(link.attributes, withContent),
    })),
  };
}

/** A span that was never ended has no end; its duration is 0. */
export function durationOf(span: OtlpSpan): bigint {
  return span.endTimeUnixNano > span.startTimeUnixNano ? span.endTimeUnixNano - span.startTimeUnixNano : 0n;
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
