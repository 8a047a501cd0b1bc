import { type BilledUsage, toUncachedInput } from "../canonical-usage.ts";
import { toAnthropicMessage } from "./anthropic-messages.ts";
import { toAwsFrame } from "./aws-event-stream.ts";
import { drawRequestId, LATENCY_MS, toBedrockAnswer, toBedrockStream } from "./bedrock-answer.ts";
import { readConverseWishes, toBlock, toConverseEvents, toStopReason } from "./bedrock-converse.ts";
import { planReply } from "./plan-reply.ts";
import { writeReplyPieces } from "./reply-text.ts";
import type { WireAnswer, WireCall } from "./wire-call.ts";

/**
 * `POST /model/{model}/invoke` and `/invoke-with-response-stream`: Anthropic, Nova, Titan embeddings, and a model whose body
 * has no usage.
 * @see https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html read 2026-11-20
 */
export function answerBedrockInvoke(call: WireCall): WireAnswer {
  const id = drawRequestId(call.draw);
  const { body, events } = toModelAnswer(call);
  if (!call.streamed) return toBedrockAnswer(id, body, toCountHeaders(call.usage));
  const metrics = { "amazon-bedrock-invocationMetrics": toMetrics(call.usage) };
  const chunks = events.map((event, index) => (index === events.length - 1 ? { ...event, ...metrics } : event));
  const frames = chunks.map((chunk) => {
    const bytes = Buffer.from(JSON.stringify(chunk)).toString("base64");
    return toAwsFrame("chunk", { bytes, p: "abcdefgh" });
  });
  return toBedrockStream(id, frames, { "x-amzn-bedrock-content-type": "application/json" });
}

interface ModelAnswer {
  readonly body: object;
  readonly events: readonly object[];
}

function toModelAnswer(call: WireCall): ModelAnswer {
  const { responded } = call.model;
  if (responded.includes("anthropic.claude")) return toClaude(call);
  if (responded.includes("titan-embed")) return toTitanEmbedding(call);
  return responded.includes("nova") ? toNova(call) : toMistral(call);
}

/** The body names the model without the region and vendor that the request has. */
function toClaude(call: WireCall): ModelAnswer {
  const name = call.model.responded.replace(/^.*anthropic\.|-v\d+:\d+$/g, "");
  const bare = { ...call, model: { ...call.model, responded: name } };
  const { message, toEvents } = toAnthropicMessage(bare, `msg_bdrk_01${call.draw.hex("id", 20)}`);
  return { body: message, events: toEvents() };
}

function toNova(call: WireCall): ModelAnswer {
  const reply = planReply(call.draw, readConverseWishes(call.request));
  const { usage } = call;
  const counted = {
    inputTokens: toUncachedInput(usage),
    outputTokens: usage.output,
    totalTokens: usage.input + usage.output,
    cacheReadInputTokenCount: usage.cacheRead,
    cacheWriteInputTokenCount: usage.cacheWrite5m + usage.cacheWrite1h,
  };
  const message = { role: "assistant", content: [toBlock(reply)] };
  const events = toConverseEvents(reply).map(([event, data]) => ({ [event]: data }));
  return {
    body: { output: { message }, stopReason: toStopReason(reply), usage: counted },
    events: [...events, { metadata: { usage: counted, metrics: {}, trace: {} } }],
  };
}

const TITAN_DIMENSIONS = 256;

function toTitanEmbedding(call: WireCall): ModelAnswer {
  const embedding = Array.from({ length: TITAN_DIMENSIONS }, (_, index) => (index === 0 ? 1 : 0));
  const body = { embedding, embeddingsByType: { float: embedding }, inputTextTokenCount: call.usage.input };
  return { body, events: [body] };
}

function toMistral(call: WireCall): ModelAnswer {
  const pieces = writeReplyPieces(call.draw);
  const body = { outputs: [{ text: pieces.join(""), stop_reason: "stop" }] };
  const events = pieces.map((text, index) => ({
    outputs: [{ text, stop_reason: index === pieces.length - 1 ? "stop" : null }],
  }));
  return { body, events };
}

function toCountHeaders(usage: BilledUsage): Readonly<Record<string, string>> {
  return {
    "x-amzn-bedrock-invocation-latency": `${LATENCY_MS}`,
    "x-amzn-bedrock-input-token-count": `${toUncachedInput(usage)}`,
    "x-amzn-bedrock-output-token-count": `${usage.output}`,
    "x-amzn-bedrock-cache-read-input-token-count": `${usage.cacheRead}`,
    "x-amzn-bedrock-cache-write-input-token-count": `${usage.cacheWrite5m + usage.cacheWrite1h}`,
  };
}

function toMetrics(usage: BilledUsage): object {
  return {
    inputTokenCount: toUncachedInput(usage),
    outputTokenCount: usage.output,
    invocationLatency: LATENCY_MS,
    firstByteLatency: 1,
    cacheReadInputTokenCount: usage.cacheRead,
    cacheWriteInputTokenCount: usage.cacheWrite5m + usage.cacheWrite1h,
  };
}
