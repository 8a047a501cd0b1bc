import type { BilledUsage } from "../canonical-usage.ts";
import { readObject } from "../json-reading.ts";
import { readChatWishes, toChatDeltas, toChatMessage, toFinishReason } from "./chat-wishes.ts";
import { planReply, type Reply } from "./plan-reply.ts";
import { toDataFrame, toEventAnswer, toJsonAnswer, type WireAnswer, type WireCall } from "./wire-call.ts";

/**
 * `POST /v1/chat/completions`; a stream carries usage only if `stream_options.include_usage` asks for it.
 * @see https://platform.openai.com/docs/api-reference/chat
 */
export function answerOpenAIChat(call: WireCall): WireAnswer {
  const id = `chatcmpl-${call.draw.hex("id", 29)}`;
  const shared = {
    id,
    created: call.createdAtSeconds,
    model: call.model.responded,
    service_tier: "default",
    system_fingerprint: `fp_${call.draw.hex("fingerprint", 10)}`,
  };
  const reply = planReply(call.draw, readChatWishes(call.request));
  if (call.streamed)
    return toEventAnswer(id, toChunks(call, shared, reply).map(toDataFrame).concat("data: [DONE]\n\n"));
  return toJsonAnswer(id, {
    ...shared,
    object: "chat.completion",
    choices: [
      {
        index: 0,
        message: toChatMessage(reply, { refusal: null, annotations: [] }),
        logprobs: null,
        finish_reason: toFinishReason(reply),
      },
    ],
    usage: toChatUsage(call.usage),
  });
}

function toChunks(call: WireCall, shared: object, reply: Reply): readonly object[] {
  const withUsage = readObject(call.request, "stream_options")["include_usage"] === true;
  const toChunk = (choices: readonly object[], usage: object | null = null): object => ({
    ...shared,
    object: "chat.completion.chunk",
    choices,
    ...(withUsage ? { usage } : {}),
  });
  const toDelta = (delta: object, finish: string | null = null): object =>
    toChunk([{ index: 0, delta, logprobs: null, finish_reason: finish }]);
  return [
    toDelta({ role: "assistant", content: "", refusal: null }),
    ...toChatDeltas(reply).map((delta) => toDelta(delta)),
    toDelta({}, toFinishReason(reply)),
    ...(withUsage ? [toChunk([], toChatUsage(call.usage))] : []),
  ];
}

function toChatUsage(usage: BilledUsage): object {
  return {
    prompt_tokens: usage.input,
    completion_tokens: usage.output,
    total_tokens: usage.input + usage.output,
    prompt_tokens_details: { cached_tokens: usage.cacheRead, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}
