import { type BilledUsage, toUncachedInput } from "../canonical-usage.ts";
import { type JsonObject, readObject, readString } from "../json-reading.ts";
import { readList } from "./chat-wishes.ts";
import { hasMember, planReply, type Reply, type ReplyWishes } from "./plan-reply.ts";
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
  const { message, toEvents } = toAnthropicMessage(call, id);
  return call.streamed ? toEventAnswer(id, toEvents().map(toNamedFrame)) : toJsonAnswer(id, message);
}

/** The message of an answer, and the events that stream it; Bedrock sends the same in frames of its own. */
export function toAnthropicMessage(
  call: WireCall,
  id: string,
): { message: object; toEvents: () => readonly NamedEvent[] } {
  const reply = planReply(call.draw, readWishes(call.request));
  const message = {
    id,
    type: "message",
    role: "assistant",
    model: call.model.responded,
    content: [toBlock(reply)],
    stop_reason: toStopReason(reply),
    stop_sequence: null,
    usage: { ...toMessageUsage(call.usage), output_tokens: call.usage.output, ...toOutputDetails(call.usage) },
  };
  return { message, toEvents: () => toStreamEvents(call, message, reply) };
}

/** How many output tokens the first event of a stream already counts, at most. */
const MAX_FIRST_OUTPUT_TOKENS = 5;

function toStreamEvents(call: WireCall, message: object, reply: Reply): readonly NamedEvent[] {
  const first = Math.min(call.usage.output, call.draw.integer("first output", 1, MAX_FIRST_OUTPUT_TOKENS));
  const started = {
    ...message,
    content: [],
    stop_reason: null,
    usage: { ...toMessageUsage(call.usage), output_tokens: first },
  };
  return [
    { type: "message_start", message: started },
    { type: "content_block_start", index: 0, content_block: toEmptyBlock(reply) },
    { type: "ping" },
    ...reply.pieces.map((piece) => ({ type: "content_block_delta", index: 0, delta: toDelta(reply, piece) })),
    { type: "content_block_stop", index: 0 },
    {
      type: "message_delta",
      delta: { stop_reason: toStopReason(reply), stop_sequence: null },
      usage: toDeltaUsage(call.usage),
    },
    { type: "message_stop" },
  ];
}

function readWishes(request: JsonObject): ReplyWishes {
  const format = readObject(readObject(request, "output_config"), "format");
  const own = Object.keys(format).length > 0 ? format : readObject(request, "output_format");
  return {
    tools: readList(request, "tools").map((tool) => ({
      name: readString(tool, "name") ?? "",
      schema: tool["input_schema"],
    })),
    hasToolResult: hasMember(request, "type", "tool_result"),
    ...(own["schema"] === undefined ? {} : { schema: own["schema"] }),
  };
}

function toStopReason({ tool }: Reply): string {
  return tool === null ? "end_turn" : "tool_use";
}

function toBlock({ tool, text }: Reply): object {
  return tool === null ? { type: "text", text } : toToolUse(tool, tool.input);
}

function toEmptyBlock({ tool }: Reply): object {
  return tool === null ? { type: "text", text: "" } : toToolUse(tool, {});
}

function toToolUse({ id, name }: { readonly id: string; readonly name: string }, input: unknown): object {
  return { type: "tool_use", id: `toolu_${id}`, name, input };
}

function toDelta({ tool }: Reply, piece: string): object {
  return tool === null ? { type: "text_delta", text: piece } : { type: "input_json_delta", partial_json: piece };
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
