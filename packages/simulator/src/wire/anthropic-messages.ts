import { type BilledUsage, toUncachedInput } from "../canonical-usage.ts";
import { writeReplyPieces } from "./reply-text.ts";
import {
  type NamedEvent,
  toEventAnswer,
  toJsonAnswer,
  toNamedFrame,
  type WireAnswer,
  type WireCall,
} from "./wire-call.ts";

/**
 * `POST /v1/messages`; `input_tokens` excludes what was read from or written to the prompt cache.
 * @see https://docs.claude.com/en/api/messages
 */
export function answerAnthropicMessages(call: WireCall): WireAnswer {
  const id = `msg_01${call.draw.hex("id", 22)}`;
  const pieces = writeReplyPieces(call.draw);
  const message = {
    id,
    type: "message",
    role: "assistant",
    model: call.model.responded,
    content: [{ type: "text", text: pieces.join("") }],
    stop_reason: "end_turn",
    stop_sequence: null,
    usage: { ...toMessageUsage(call.usage), output_tokens: call.usage.output, ...toOutputDetails(call.usage) },
  };
  if (!call.streamed) return toJsonAnswer(id, message);
  return toEventAnswer(id, toStreamEvents(call, message, pieces).map(toNamedFrame));
}

/** How many output tokens the first event of a stream already counts, at most. */
const MAX_FIRST_OUTPUT_TOKENS = 5;

function toStreamEvents(call: WireCall, message: object, pieces: readonly string[]): readonly NamedEvent[] {
  const first = Math.min(call.usage.output, call.draw.integer("first output", 1, MAX_FIRST_OUTPUT_TOKENS));
  const started = {
    ...message,
    content: [],
    stop_reason: null,
    usage: { ...toMessageUsage(call.usage), output_tokens: first },
  };
  return [
    { type: "message_start", message: started },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    { type: "ping" },
    ...pieces.map((text) => ({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } })),
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null }, usage: toDeltaUsage(call.usage) },
    { type: "message_stop" },
  ];
}

function toMessageUsage(usage: BilledUsage): object {
  return {
    input_tokens: toUncachedInput(usage),
    cache_creation_input_tokens: usage.cacheWrite5m + usage.cacheWrite1h,
    cache_read_input_tokens: usage.cacheRead,
    cache_creation: {
      ephemeral_5m_input_tokens: usage.cacheWrite5m,
      ephemeral_1h_input_tokens: usage.cacheWrite1h,
    },
    service_tier: "standard",
  };
}

/** Cumulative, and without the lifetimes of the cache writes: those stand in `message_start` only. */
function toDeltaUsage(usage: BilledUsage): object {
  return {
    input_tokens: toUncachedInput(usage),
    cache_creation_input_tokens: usage.cacheWrite5m + usage.cacheWrite1h,
    cache_read_input_tokens: usage.cacheRead,
    output_tokens: usage.output,
    ...toOutputDetails(usage),
  };
}

function toOutputDetails(usage: BilledUsage): object {
  return usage.reasoning > 0 ? { output_tokens_details: { thinking_tokens: usage.reasoning } } : {};
}
