import type { Dialect } from "./dialect.ts";
import { CONVENTION_FIELDS, CONVENTION_USAGE, ROLES_BY_OPERATION } from "./shared.ts";

const LANGFUSE_USAGE = "langfuse.observation.usage_details";
/** All parts of a side, which are disjoint. `*_tokens` alone is a total under another name; two cache parts lack the prefix. */
const LANGFUSE_INPUT_PARTS = /^input(?:_(?!tokens$)|$)|^cache_(?:read|creation)_input_tokens$/;
const LANGFUSE_OUTPUT_PARTS = /^output(?:_(?!tokens$)|$)/;

/** Langfuse SDK 5: usage as one JSON attribute whose parts are disjoint. */
export const LANGFUSE_DIALECT: Dialect = {
  name: "langfuse",
  recognise: { scopes: ["langfuse-sdk", "langfuse*"] },
  roles: [
    { role: "call", attribute: "langfuse.observation.type", in: ["generation", "embedding"] },
    { role: "wrapper", has: "langfuse.observation.type" },
    { role: "none" },
  ],
  fields: {
    provider: ["langfuse.observation.metadata.ls_provider"],
    modelRequested: ["langfuse.observation.metadata.ls_model_name", "langfuse.observation.model.name"],
    modelReported: ["langfuse.observation.model.name"],
    operation: [],
    sessionId: ["session.id", "langfuse.session.id"],
    errorType: ["langfuse.observation.status_message"],
    streamed: [{ json: "langfuse.observation.model.parameters", path: ["stream"] }],
    failed: [{ attribute: "langfuse.observation.level", in: ["ERROR"] }],
    operationByAttribute: {
      attribute: "langfuse.observation.type",
      values: { generation: "chat", embedding: "embeddings" },
    },
  },
  usage: {
    input: [{ json: LANGFUSE_USAGE, path: [], sum: { keys: LANGFUSE_INPUT_PARTS, needs: "input" } }],
    output: [{ json: LANGFUSE_USAGE, path: [], sum: { keys: LANGFUSE_OUTPUT_PARTS, needs: "output" } }],
    cacheRead: [
      { json: LANGFUSE_USAGE, path: ["input_cached_tokens"] },
      { json: LANGFUSE_USAGE, path: ["input_cache_read"] },
      { json: LANGFUSE_USAGE, path: ["cache_read_input_tokens"] },
    ],
    cacheWrite: [
      { json: LANGFUSE_USAGE, path: ["input_cache_creation"] },
      { json: LANGFUSE_USAGE, path: ["cache_creation_input_tokens"] },
    ],
    reasoning: [
      { json: LANGFUSE_USAGE, path: ["output_reasoning_tokens"] },
      { json: LANGFUSE_USAGE, path: ["output_reasoning"] },
    ],
    audioIn: [
      { json: LANGFUSE_USAGE, path: ["input_audio_tokens"] },
      { json: LANGFUSE_USAGE, path: ["input_audio"] },
    ],
    audioOut: [
      { json: LANGFUSE_USAGE, path: ["output_audio_tokens"] },
      { json: LANGFUSE_USAGE, path: ["output_audio"] },
    ],
  },
};

const LANGSMITH_USAGE = "langsmith.usage_metadata";

/** LangSmith 0.10: the conventions for totals, details as JSON. */
export const LANGSMITH_DIALECT: Dialect = {
  name: "langsmith",
  recognise: { scopes: [], anyAttribute: ["langsmith.span.kind", "langsmith.trace.name"] },
  roles: [
    { role: "call", attribute: "langsmith.span.kind", in: ["llm", "embedding"] },
    { role: "wrapper", has: "langsmith.span.kind" },
    { role: "none" },
  ],
  fields: {
    ...CONVENTION_FIELDS,
    provider: ["langsmith.metadata.ls_provider", "gen_ai.system"],
    modelRequested: ["gen_ai.request.model", "langsmith.metadata.ls_model_name"],
    streamed: ["langsmith.request.streaming"],
    sessionId: ["langsmith.metadata.session_id", "langsmith.metadata.thread_id", "langsmith.metadata.conversation_id"],
  },
  usage: {
    input: ["gen_ai.usage.input_tokens", { json: LANGSMITH_USAGE, path: ["input_tokens"] }],
    output: ["gen_ai.usage.output_tokens", { json: LANGSMITH_USAGE, path: ["output_tokens"] }],
    cacheRead: detailSum("input", /(?:^|_)cache_read$/),
    cacheWrite: detail("input", "cache_creation"),
    cacheWrite5m: detail("input", "ephemeral_5m_input_tokens"),
    cacheWrite1h: detail("input", "ephemeral_1h_input_tokens"),
    reasoning: detailSum("output", /(?:^|_)reasoning$/),
    audioIn: detail("input", "audio"),
    audioOut: detail("output", "audio"),
  },
  // Before 2026 LangChain JS and `wrapAnthropic` passed Anthropic's own input on. The spans do not say which release wrote them; only
  // a cache above the input does.
  // @see https://github.com/langchain-ai/langsmith-sdk/pull/2519 and https://github.com/langchain-ai/langchainjs/pull/9520
  inputExcludesCache: [{ provider: ["anthropic"], cacheExceedsInput: true }],
};

/** LangChain prefixes details with the service tier (`priority_cache_read`). */
function detailSum(side: "input" | "output", keys: RegExp) {
  return [
    { json: `gen_ai.usage.${side}_token_details`, path: [], sum: { keys } },
    { json: LANGSMITH_USAGE, path: [`${side}_token_details`], sum: { keys } },
  ];
}

function detail(side: "input" | "output", part: string) {
  return [
    { json: `gen_ai.usage.${side}_token_details`, path: [part] },
    { json: LANGSMITH_USAGE, path: [`${side}_token_details`, part] },
  ];
}

/** Mastra: a span a step around a span an inference. */
export const MASTRA_DIALECT: Dialect = {
  name: "mastra",
  recognise: { scopes: ["@mastra/*"], anyAttribute: ["mastra.span.type", "gen_ai.operation.name"] },
  roles: [
    { role: "call", attribute: "mastra.span.type", in: ["model_inference"] },
    { role: "call", attribute: "mastra.span.type", in: ["model_generation"], has: "gen_ai.usage.input_tokens" },
    { role: "wrapper", has: "mastra.span.type" },
    ...ROLES_BY_OPERATION,
  ],
  fields: CONVENTION_FIELDS,
  usage: CONVENTION_USAGE,
};

const GENKIT_OUTPUT = "genkit:output";

function genkit(...path: string[]) {
  return { json: GENKIT_OUTPUT, path };
}

/** Genkit: nothing but its own JSON; Gemini's output there excludes thoughts. */
export const GENKIT_DIALECT: Dialect = {
  name: "genkit",
  recognise: { scopes: ["genkit-tracer"], anyAttribute: ["genkit:type"] },
  roles: [
    { role: "call", attribute: "genkit:metadata:subtype", in: ["model", "embedder"] },
    { role: "wrapper", has: "genkit:type" },
  ],
  fields: {
    provider: [],
    modelRequested: [],
    modelReported: [genkit("raw", "model"), genkit("custom", "modelVersion"), genkit("custom", "model")],
    operation: [],
    serviceTier: [genkit("raw", "service_tier"), genkit("custom", "usage", "service_tier")],
    responseId: [genkit("raw", "id"), genkit("custom", "responseId"), genkit("custom", "id")],
    sessionId: ["genkit:sessionId", "genkit:metadata:sessionId"],
    failed: [{ attribute: "genkit:state", in: ["error"] }],
    providerAndModel: "genkit:name",
    operationByAttribute: {
      attribute: "genkit:metadata:subtype",
      values: { model: "chat", embedder: "embeddings" },
    },
  },
  usage: {
    input: [
      genkit("raw", "usage", "prompt_tokens"),
      genkit("raw", "usage", "input_tokens"),
      genkit("custom", "usageMetadata", "promptTokenCount"),
      genkit("usage", "inputTokens"),
    ],
    output: [
      genkit("raw", "usage", "completion_tokens"),
      genkit("raw", "usage", "output_tokens"),
      genkit("usage", "outputTokens"),
    ],
    textOutput: [],
    cacheRead: [
      genkit("raw", "usage", "prompt_tokens_details", "cached_tokens"),
      genkit("raw", "usage", "input_tokens_details", "cached_tokens"),
      genkit("raw", "usage", "cache_read_input_tokens"),
      genkit("custom", "usageMetadata", "cachedContentTokenCount"),
      genkit("custom", "usage", "cache_read_input_tokens"),
      genkit("usage", "cachedContentTokens"),
    ],
    cacheWrite: [
      genkit("raw", "usage", "cache_creation_input_tokens"),
      genkit("custom", "usage", "cache_creation_input_tokens"),
    ],
    reasoning: [
      genkit("raw", "usage", "completion_tokens_details", "reasoning_tokens"),
      genkit("raw", "usage", "output_tokens_details", "reasoning_tokens"),
      genkit("custom", "usageMetadata", "thoughtsTokenCount"),
      genkit("usage", "thoughtsTokens"),
    ],
  },
  inputExcludesCache: [{ provider: ["anthropic"] }],
  outputExcludesReasoning: [{ provider: ["google"] }],
};
