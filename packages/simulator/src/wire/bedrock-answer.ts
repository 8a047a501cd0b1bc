import { type BilledUsage, toUncachedInput } from "../canonical-usage.ts";
import type { Draw } from "../token-draw.ts";
import { AWS_EVENT_STREAM } from "./aws-event-stream.ts";
import type { WireAnswer } from "./wire-call.ts";

/** Bedrock's id of a call is the request's own, which only a header has. */
export function drawRequestId(draw: Draw): string {
  const hex = draw.hex("aws request", 32);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** A JSON answer of Bedrock. */
export function toBedrockAnswer(id: string, body: unknown, headers: Readonly<Record<string, string>> = {}): WireAnswer {
  return { responseId: id, content: { kind: "json", body }, headers: { "x-amzn-requestid": id, ...headers } };
}

/** A streamed answer of Bedrock. */
export function toBedrockStream(
  id: string,
  frames: readonly Uint8Array[],
  headers: Readonly<Record<string, string>> = {},
): WireAnswer {
  return {
    responseId: id,
    content: { kind: "events", frames, contentType: AWS_EVENT_STREAM },
    headers: { "x-amzn-requestid": id, ...headers },
  };
}

/** Milliseconds that every answer says it took. */
export const LATENCY_MS = 12;

/** Usage as Converse reports it: the cache is not part of the input. */
export function toConverseUsage(usage: BilledUsage): object {
  const written = usage.cacheWrite5m + usage.cacheWrite1h;
  const details = [
    { ttl: "1h", inputTokens: usage.cacheWrite1h },
    { ttl: "5m", inputTokens: usage.cacheWrite5m },
  ].filter(({ inputTokens }) => inputTokens > 0);
  return {
    inputTokens: toUncachedInput(usage),
    outputTokens: usage.output,
    totalTokens: usage.input + usage.output,
    cacheReadInputTokens: usage.cacheRead,
    cacheWriteInputTokens: written,
    ...(details.length > 0 ? { cacheDetails: details } : {}),
  };
}
