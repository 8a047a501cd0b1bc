import { JsonTraceSerializer } from "@opentelemetry/otlp-transformer";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import type { SpancostSpanProcessor } from "@spancost/otel";
import { warn } from "../warn.ts";
import type { OtlpTarget } from "./otlp-target.ts";
import { sendSynchronously } from "./send-synchronously.ts";

/** Sends what the processors still hold, from a process that is ending. What was on its way already is sent again: the ledger counts it once. */
export function sendQueued(processors: readonly SpancostSpanProcessor[], target: OtlpTarget): void {
  // The SDK that made the spans is the one that serialises them.
  const [spans = []] = processors.map((processor) => processor.takeQueued() as readonly unknown[] as ReadableSpan[]);
  if (spans.length === 0) return;
  const body = JsonTraceSerializer.serializeRequest(spans);
  if (body === undefined || !sendSynchronously(body, target))
    warn(`${spans.length} spans could not be sent to ${target.url} when the process ended; they are lost`);
}
