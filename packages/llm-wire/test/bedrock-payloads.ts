import { EventStreamCodec } from "@smithy/eventstream-codec";

const CODEC = new EventStreamCodec(
  (bytes) => (typeof bytes === "string" ? bytes : new TextDecoder().decode(bytes)),
  (text) => new TextEncoder().encode(text),
);

/** A frame as Bedrock sends it, made by the AWS SDK's own codec. */
export function frame(event: string, data: unknown, kind = "event"): Uint8Array {
  const text = (value: string) => ({ type: "string" as const, value });
  const headers = {
    [`:${kind}-type`]: text(event),
    ":content-type": text("application/json"),
    ":message-type": text(kind),
  };
  return CODEC.encode({ headers, body: new TextEncoder().encode(JSON.stringify(data)) });
}

/** The chunk of InvokeModelWithResponseStream that holds an event of the maker's stream. */
export function chunk(event: unknown): Uint8Array {
  return frame("chunk", { bytes: Buffer.from(JSON.stringify(event)).toString("base64"), p: "abcdefghij" });
}

const USAGE = {
  inputTokens: 21,
  outputTokens: 57,
  totalTokens: 1_378,
  cacheReadInputTokens: 1_000,
  cacheWriteInputTokens: 300,
  cacheDetails: [
    { ttl: "1h", inputTokens: 200 },
    { ttl: "5m", inputTokens: 100 },
  ],
};
const METADATA = {
  usage: USAGE,
  metrics: { latencyMs: 900 },
  serviceTier: { type: "priority" },
  trace: { promptRouter: { invokedModelId: "arn:aws:bedrock:us-east-1:1:inference-profile/us.amazon.nova-lite-v1:0" } },
};
export const CONVERSE = {
  output: { message: { role: "assistant", content: [{ text: 'ü "usage": {"inputTokens": 9}' }] } },
  stopReason: "max_tokens",
  ...METADATA,
};
export const CONVERSE_STREAM = [
  frame("messageStart", { role: "assistant", p: "ab" }),
  frame("contentBlockDelta", { contentBlockIndex: 0, delta: { text: 'ü "usage": {"inputTokens": 9}' } }),
  frame("contentBlockStop", { contentBlockIndex: 0 }),
  frame("messageStop", { stopReason: "max_tokens" }),
  frame("metadata", METADATA),
];

const CLAUDE_USAGE = {
  input_tokens: 21,
  cache_creation_input_tokens: 300,
  cache_read_input_tokens: 1_000,
  cache_creation: { ephemeral_5m_input_tokens: 100, ephemeral_1h_input_tokens: 200 },
  output_tokens: 57,
};
export const CLAUDE = {
  id: "msg_bdrk_01",
  type: "message",
  role: "assistant",
  model: "claude-sonnet-4-5-20250929",
  content: [{ type: "text", text: "Hé" }],
  stop_reason: "end_turn",
  usage: CLAUDE_USAGE,
};
export const METRICS = {
  inputTokenCount: 21,
  outputTokenCount: 57,
  invocationLatency: 900,
  firstByteLatency: 300,
  cacheReadInputTokenCount: 1_000,
  cacheWriteInputTokenCount: 300,
};
export const CLAUDE_EVENTS: readonly object[] = [
  {
    type: "message_start",
    message: { ...CLAUDE, content: [], stop_reason: null, usage: { ...CLAUDE_USAGE, output_tokens: 3 } },
  },
  { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: 'Hé "usage": 資' } },
  { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 57 } },
  { type: "message_stop", "amazon-bedrock-invocationMetrics": METRICS },
];
