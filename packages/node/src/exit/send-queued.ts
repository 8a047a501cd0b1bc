import { JsonTraceSerializer } from "@opentelemetry/otlp-transformer";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import type { SpancostSpanProcessor } from "@spancost/otel";
import { warn } from "../warn.ts";
import type { OtlpTarget } from "./otlp-target.ts";
import { sendSynchronously } from "./send-synchronously.ts";

/**
 * Sends what the processor still holds, from a process that is ending. What was on its way already is sent again: the ledger counts it once.
 * @param timeoutMs 0 when there is no time left, or no way to send: what is queued is reported as lost
 */
export function sendQueued(processor: SpancostSpanProcessor, target: OtlpTarget, timeoutMs: number): void {
  // The SDK that made the spans is the one that serialises them.
  const spans = processor.takeQueued() as readonly unknown[] as ReadableSpan[];
  if (spans.length === 0 || send(spans, target, timeoutMs)) return;
  warn(`${spans.length} spans could not be sent to ${target.url} when the process ended; they are lost`);
}

function send(spans: ReadableSpan[], target: OtlpTarget, timeoutMs: number): boolean {
  if (timeoutMs <= 0) return false;
  const body = serialize(spans) ?? serialize(spans.filter((span) => serialize([span]) !== undefined));
  return body !== undefined && sendSynchronously(body, target, timeoutMs);
}

/** `undefined` when one of the spans holds what cannot be written, such as a time that is none. */
function serialize(spans: ReadableSpan[]): Uint8Array | undefined {
  try {
    return JsonTraceSerializer.serializeRequest(spans);
  } catch (error) {
    warn("a span cannot be serialised", error);
    return undefined;
  }
}
