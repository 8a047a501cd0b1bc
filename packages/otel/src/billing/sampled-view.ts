import { TraceFlags } from "@opentelemetry/api";
import type { FinishedSpan } from "../sdk-span.ts";

/** What exporters of SDK 1.x to 3.x read of a span; getters among them, so no spread would find them. */
const FIELDS = [
  "name",
  "kind",
  "parentSpanContext",
  "parentSpanId",
  "startTime",
  "endTime",
  "status",
  "attributes",
  "links",
  "events",
  "duration",
  "ended",
  "resource",
  "instrumentationScope",
  "instrumentationLibrary",
  "droppedAttributesCount",
  "droppedEventsCount",
  "droppedLinksCount",
] as const;

/** Whether a span has the sampled flag. */
export function isSampled(span: Pick<FinishedSpan, "spanContext">): boolean {
  return (span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0;
}

/** A span that is not sampled as exporters may see it: saying that it is, because exporters and receivers drop it otherwise. */
export function toSampledView(span: FinishedSpan): FinishedSpan {
  const context = span.spanContext();
  const sampled = { ...context, traceFlags: context.traceFlags | TraceFlags.SAMPLED };
  const view: Record<string, unknown> = { spanContext: () => sampled };
  for (const field of FIELDS) if (field in span) view[field] = Reflect.get(span, field);
  return view as unknown as FinishedSpan;
}
