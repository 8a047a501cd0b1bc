import { GEN_AI, SPANCOST } from "../attribute-names.ts";
import type { FieldSources, RoleRule, UsageSources } from "./dialect.ts";

/** Operations of the GenAI conventions, and of producers near to them, that are one inference each. */
export const INFERENCE_OPERATIONS: readonly string[] = [
  "chat",
  "text_completion",
  "completion",
  "generate_content",
  "embeddings",
  "embedding",
  "image_generation",
  "speech",
  "transcription",
  "translation",
  "rerank",
  "responses",
  "messages",
];

/** Operations that go around inferences, and repeat their usage where they carry any. */
const WRAPPER_OPERATIONS = [
  "invoke_agent",
  "create_agent",
  "agent_step",
  "invoke_workflow",
  "workflow",
  "handoff",
  "plan",
  "execute_tool",
  "retrieval",
  "model_generation",
  "model_chunk",
  "framework",
  "vectordb",
];

/** Roles by `gen_ai.operation.name`; without one, a span that names a model is a call. */
export const ROLES_BY_OPERATION: readonly RoleRule[] = [
  { role: "wrapper", attribute: GEN_AI.operationName, in: WRAPPER_OPERATIONS },
  { role: "call", attribute: GEN_AI.operationName, in: INFERENCE_OPERATIONS },
  { role: "call", has: GEN_AI.requestModel },
  { role: "call", has: GEN_AI.responseModel },
  { role: "call", has: GEN_AI.inputTokens },
  { role: "call", has: "gen_ai.usage.prompt_tokens" },
  { role: "none" },
];

/** Fields under the names of the conventions, the current ones before the deprecated ones. */
export const CONVENTION_FIELDS: FieldSources = {
  provider: [GEN_AI.providerName, "gen_ai.system"],
  modelRequested: [GEN_AI.requestModel],
  modelReported: [GEN_AI.responseModel],
  operation: [GEN_AI.operationName, "llm.request.type"],
  serviceTier: [
    SPANCOST.serviceTier,
    "openai.response.service_tier",
    "gen_ai.openai.response.service_tier",
    "gen_ai.response.service_tier",
    "anthropic.response.service_tier",
  ],
  inferenceRegion: [SPANCOST.inferenceRegion],
  responseId: [GEN_AI.responseId],
  sessionId: [GEN_AI.conversationId, "session.id", "gen_ai.session.id"],
  streamed: [GEN_AI.requestStream, "gen_ai.request.is_stream", "llm.is_streaming"],
  errorType: ["error.type", "exception.type"],
};

/** Usage under the names of the conventions; totals include their parts. */
export const CONVENTION_USAGE: UsageSources = {
  input: [GEN_AI.inputTokens, "gen_ai.usage.prompt_tokens"],
  output: [GEN_AI.outputTokens, "gen_ai.usage.completion_tokens"],
  cacheRead: [
    GEN_AI.cacheReadInputTokens,
    "gen_ai.usage.cache_read_input_tokens",
    "gen_ai.usage.input_tokens.cached",
    "gen_ai.usage.cached_tokens",
  ],
  cacheWrite: [
    GEN_AI.cacheWriteInputTokens,
    "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.cache_creation_input_tokens",
    "gen_ai.usage.input_tokens.cache_write",
  ],
  cacheWrite1h: [SPANCOST.cacheWrite1hInputTokens],
  reasoning: [GEN_AI.reasoningOutputTokens, "gen_ai.usage.reasoning_tokens", "gen_ai.usage.output_tokens.reasoning"],
  audioIn: [SPANCOST.audioInputTokens],
  audioOut: [SPANCOST.audioOutputTokens],
  imageIn: [SPANCOST.imageInputTokens],
  imageOut: [SPANCOST.imageOutputTokens],
  images: [SPANCOST.images],
  audioSeconds: [SPANCOST.audioSeconds],
  videoSeconds: [SPANCOST.videoSeconds],
  characters: [SPANCOST.characters],
  webSearchRequests: [SPANCOST.webSearchRequests],
};
