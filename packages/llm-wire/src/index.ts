export { ANTHROPIC_MESSAGES } from "./anthropic-messages.ts";
export { ANTHROPIC_VERTEX } from "./anthropic-vertex.ts";
export { BEDROCK_CONVERSE } from "./bedrock-converse.ts";
export { BEDROCK_INVOKE } from "./bedrock-invoke.ts";
export { type BodyReader, MAX_JSON_BODY_BYTES, createBodyReader } from "./body-reader.ts";
export { EventStreamSplitter, MAX_EVENT_STREAM_MESSAGE_BYTES } from "./event-stream-splitter.ts";
export { GEMINI_EMBED_CONTENT } from "./gemini-embed-content.ts";
export { GEMINI_GENERATE_CONTENT } from "./gemini-generate-content.ts";
export {
  OPENAI_CHAT,
  OPENAI_COMPLETIONS,
  createOpenAIChatFormat,
  createOpenAICompletionsFormat,
} from "./openai-chat.ts";
export {
  readGeminiCompatibleUsage,
  readOpenRouterCost,
  readPerplexityCost,
  readPerplexityUsage,
  readXaiCost,
} from "./compatible-usage.ts";
export { OPENAI_EMBEDDINGS } from "./openai-embeddings.ts";
export { OPENAI_IMAGES } from "./openai-images.ts";
export { OPENAI_RESPONSES } from "./openai-responses.ts";
export { OPENAI_SPEECH } from "./openai-speech.ts";
export { OPENAI_TRANSCRIPTION } from "./openai-transcription.ts";
export type { OpenAIQuirks } from "./openai-usage.ts";
export { MAX_SSE_EVENT_LENGTH, type SseEvent, SseSplitter } from "./sse-splitter.ts";
export { readTopLevelFields } from "./top-level-fields.ts";
export {
  type StreamFilter,
  type StreamReader,
  type UnaskedUsage,
  type WireFormat,
  type WireOutcome,
  type WireRequest,
  UNKNOWN_OUTCOME,
} from "./wire-format.ts";
export type { WireHead, WireHeaders } from "./wire-head.ts";
