import {
  ANTHROPIC_MESSAGES,
  ANTHROPIC_VERTEX,
  BEDROCK_CONVERSE,
  BEDROCK_INVOKE,
  GEMINI_EMBED_CONTENT,
  GEMINI_GENERATE_CONTENT,
  OPENAI_CHAT,
  OPENAI_COMPLETIONS,
  OPENAI_EMBEDDINGS,
  OPENAI_IMAGES,
  OPENAI_RESPONSES,
  OPENAI_SPEECH,
  OPENAI_TRANSCRIPTION,
  type WireFormat,
} from "../src/index.ts";

export const FORMATS: readonly WireFormat[] = [
  ANTHROPIC_MESSAGES,
  ANTHROPIC_VERTEX,
  BEDROCK_CONVERSE,
  BEDROCK_INVOKE,
  GEMINI_EMBED_CONTENT,
  GEMINI_GENERATE_CONTENT,
  OPENAI_CHAT,
  OPENAI_COMPLETIONS,
  OPENAI_EMBEDDINGS,
  OPENAI_IMAGES,
  OPENAI_RESPONSES,
  OPENAI_SPEECH,
  OPENAI_TRANSCRIPTION,
];

export function event(data: unknown, name?: string): string {
  return `${name === undefined ? "" : `event: ${name}\n`}data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;
}

const CHAT_USAGE = {
  prompt_tokens: 1200,
  completion_tokens: 340,
  total_tokens: 1540,
  prompt_tokens_details: { cached_tokens: 1024, audio_tokens: 20, cache_write_tokens: 100, image_tokens: 7 },
  completion_tokens_details: { reasoning_tokens: 256, audio_tokens: 30, accepted_prediction_tokens: 0 },
};
export const CHAT = {
  id: "chatcmpl-1",
  object: "chat.completion",
  model: "gpt-4o-mini-2024-07-18",
  service_tier: "priority",
  choices: [
    {
      index: 0,
      message: { role: "assistant", content: 'A "usage": {"prompt_tokens": 9} in text ü' },
      finish_reason: "stop",
    },
  ],
  usage: CHAT_USAGE,
};
const CHUNK = {
  id: "chatcmpl-1",
  object: "chat.completion.chunk",
  model: "gpt-4o-mini-2024-07-18",
  service_tier: "priority",
};
export const CHAT_STREAM = [
  event({ id: "", model: "", choices: [], prompt_filter_results: [] }),
  event({
    ...CHUNK,
    choices: [{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }],
    usage: null,
  }),
  event({
    ...CHUNK,
    choices: [{ index: 0, delta: { content: 'grün "usage": {"prompt_tokens": 9}' }, finish_reason: null }],
  }),
  event({ ...CHUNK, choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }),
  event({ ...CHUNK, choices: [], usage: CHAT_USAGE }),
  event("[DONE]"),
].join("");

export const RESPONSE = {
  id: "resp_1",
  object: "response",
  model: "gpt-5-mini-2025-08-07",
  status: "incomplete",
  incomplete_details: { reason: "max_output_tokens" },
  error: null,
  service_tier: "default",
  output: [
    { type: "web_search_call", status: "completed", action: { type: "search", query: "q" } },
    { type: "web_search_call", status: "completed", action: { type: "open_page", url: "u" } },
    { type: "message", content: [{ type: "output_text", text: "é" }] },
  ],
  usage: {
    input_tokens: 90,
    input_tokens_details: { cached_tokens: 64, cache_write_tokens: 20 },
    output_tokens: 50,
    output_tokens_details: { reasoning_tokens: 32 },
    total_tokens: 140,
  },
};
export const RESPONSE_STREAM = [
  event(
    { type: "response.created", response: { ...RESPONSE, status: "in_progress", service_tier: "auto", usage: null } },
    "response.created",
  ),
  event({ type: "response.output_text.delta", delta: "é" }, "response.output_text.delta"),
  event({ type: "response.incomplete", response: RESPONSE }, "response.incomplete"),
].join("");

const ANTHROPIC_USAGE = {
  input_tokens: 21,
  cache_creation_input_tokens: 300,
  cache_read_input_tokens: 1000,
  cache_creation: { ephemeral_5m_input_tokens: 100, ephemeral_1h_input_tokens: 200 },
  output_tokens: 57,
  output_tokens_details: { thinking_tokens: 40 },
  server_tool_use: { web_search_requests: 2 },
  service_tier: "standard",
  inference_geo: "us",
};
export const MESSAGE = {
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: "claude-opus-4-8",
  content: [{ type: "text", text: "Hé" }],
  stop_reason: "end_turn",
  usage: ANTHROPIC_USAGE,
};
const START_USAGE = { ...ANTHROPIC_USAGE, output_tokens: 3, output_tokens_details: null, server_tool_use: null };
export const MESSAGE_START = event(
  { type: "message_start", message: { ...MESSAGE, content: [], stop_reason: null, usage: START_USAGE } },
  "message_start",
);
export const MESSAGE_STREAM = [
  MESSAGE_START,
  event({ type: "ping" }, "ping"),
  event({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hé" } }, "content_block_delta"),
  event({ type: "message_delta", delta: { stop_reason: null }, usage: { output_tokens: 30 } }, "message_delta"),
  event(
    {
      type: "message_delta",
      delta: { stop_reason: "end_turn" },
      usage: {
        input_tokens: null,
        output_tokens: 57,
        output_tokens_details: { thinking_tokens: 40 },
        server_tool_use: { web_search_requests: 2 },
      },
    },
    "message_delta",
  ),
  event({ type: "message_stop" }, "message_stop"),
].join("");

const GEMINI_USAGE = {
  promptTokenCount: 500,
  cachedContentTokenCount: 400,
  candidatesTokenCount: 20,
  thoughtsTokenCount: 80,
  toolUsePromptTokenCount: 7,
  totalTokenCount: 607,
  promptTokensDetails: [
    { modality: "TEXT", tokenCount: 430 },
    { modality: "AUDIO", tokenCount: 50 },
    { modality: "IMAGE", tokenCount: 20 },
  ],
  toolUsePromptTokensDetails: [{ modality: "IMAGE", tokenCount: 5 }],
  candidatesTokensDetails: [{ modality: "IMAGE", tokenCount: 12 }],
  trafficType: "ON_DEMAND",
};
export const GEMINI = {
  candidates: [{ content: { role: "model", parts: [{ text: "ü" }] }, finishReason: "STOP", index: 0 }],
  usageMetadata: GEMINI_USAGE,
  modelVersion: "gemini-2.5-flash",
  responseId: "r1",
};
const PART = {
  candidates: [{ content: { role: "model", parts: [{ text: "ü" }] }, index: 0 }],
  modelVersion: "gemini-2.5-flash",
  responseId: "r1",
};
export const GEMINI_CHUNKS = [
  { ...PART, usageMetadata: { promptTokenCount: 500, totalTokenCount: 500 } },
  { ...PART, usageMetadata: { promptTokenCount: 500, candidatesTokenCount: 5, totalTokenCount: 505 } },
  GEMINI,
];
export const GEMINI_STREAM = GEMINI_CHUNKS.map((chunk) => event(chunk)).join("");

const MEDIA_USAGE = {
  type: "tokens",
  input_tokens: 114,
  input_token_details: { text_tokens: 14, audio_tokens: 100 },
  output_tokens: 30,
  total_tokens: 144,
};
export const SPEECH_STREAM = [
  event({ type: "speech.audio.delta", audio: "//uQ" }, "speech.audio.delta"),
  event({ type: "speech.audio.done", usage: MEDIA_USAGE }, "speech.audio.done"),
].join("");
export const TRANSCRIPTION_STREAM = [
  event({ type: "transcript.text.delta", delta: "grün transcript.text.done" }),
  event({ type: "transcript.text.done", text: "grün", usage: MEDIA_USAGE }),
  event("[DONE]"),
].join("");
export const IMAGE_STREAM = [
  event({ type: "image_generation.partial_image", b64_json: "iVBO" }, "image_generation.partial_image"),
  event({ type: "image_generation.completed", b64_json: "iVBORw0", usage: MEDIA_USAGE }, "image_generation.completed"),
].join("");
