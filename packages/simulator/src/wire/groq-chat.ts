import type { BilledUsage } from "../canonical-usage.ts";
import { readObject } from "../json-reading.ts";
import { readChatWishes, toChatDeltas, toChatMessage, toFinishReason } from "./chat-wishes.ts";
import { planReply, type Reply } from "./plan-reply.ts";
import { toDataFrame, toEventAnswer, toJsonAnswer, type WireAnswer, type WireCall } from "./wire-call.ts";

/**
 * `POST /openai/v1/chat/completions`; the last chunk of a stream carries usage in `x_groq`, and a further chunk in `usage` if asked.
 * @see https://console.groq.com/docs/api-reference#chat-create
 */
export function answerGroqChat(call: WireCall): WireAnswer {
  const id = `chatcmpl-${call.draw.hex("id", 32)}`;
  const shared = {
    id,
    created: call.createdAtSeconds,
    model: call.model.responded,
    system_fingerprint: `fp_${call.draw.hex("fingerprint", 10)}`,
  };
  const groqId = `req_${call.draw.hex("groq id", 26)}`;
  const reply = planReply(call.draw, readChatWishes(call.request));
  if (call.streamed) {
    return toEventAnswer(id, toChunks(call, shared, groqId, reply).map(toDataFrame).concat("data: [DONE]\n\n"));
  }
  return toJsonAnswer(id, {
    ...shared,
    object: "chat.completion",
    choices: [{ index: 0, message: toChatMessage(reply, {}), logprobs: null, finish_reason: toFinishReason(reply) }],
    usage: toGroqUsage(call.usage),
    usage_breakdown: null,
    x_groq: { id: groqId },
    service_tier: "on_demand",
  });
}

function toChunks(call: WireCall, shared: object, groqId: string, reply: Reply): readonly object[] {
  const toChunk = (delta: object, finish: string | null, extra: object = {}): object => ({
    ...shared,
    object: "chat.completion.chunk",
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    ...extra,
  });
  const usage = toGroqUsage(call.usage);
  const asked = readObject(call.request, "stream_options")["include_usage"] === true;
  return [
    toChunk({ role: "assistant", content: "" }, null, { x_groq: { id: groqId } }),
    ...toChatDeltas(reply).map((delta) => toChunk(delta, null)),
    toChunk({}, toFinishReason(reply), { x_groq: { id: groqId, usage } }),
    ...(asked ? [{ ...shared, object: "chat.completion.chunk", choices: [], usage }] : []),
  ];
}

const SECONDS_PER_TOKEN = 0.002;

function toGroqUsage(usage: BilledUsage): object {
  const promptSeconds = usage.input * (SECONDS_PER_TOKEN / 10);
  const completionSeconds = usage.output * SECONDS_PER_TOKEN;
  return {
    queue_time: 0.01,
    prompt_tokens: usage.input,
    prompt_time: promptSeconds,
    completion_tokens: usage.output,
    completion_time: completionSeconds,
    total_tokens: usage.input + usage.output,
    total_time: promptSeconds + completionSeconds,
    ...(usage.cacheRead > 0 ? { prompt_tokens_details: { cached_tokens: usage.cacheRead } } : {}),
    ...(usage.reasoning > 0 ? { completion_tokens_details: { reasoning_tokens: usage.reasoning } } : {}),
  };
}
