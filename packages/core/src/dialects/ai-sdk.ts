import type { Dialect, UsageSources } from "./dialect.ts";
import { CONVENTION_FIELDS, CONVENTION_USAGE, ROLES_BY_OPERATION } from "./shared.ts";

const PROVIDER_METADATA = "ai.response.providerMetadata";

/** What Anthropic itself reported, passed through as JSON: the only place of cache writes before AI SDK 6, and of their durations. */
function anthropicUsage(...path: string[]) {
  return metadata("anthropic", "usage", ...path);
}

function metadata(...path: string[]) {
  return { json: PROVIDER_METADATA, path };
}

const ANTHROPIC_RAW: UsageSources = {
  input: [],
  output: [],
  uncachedInput: [anthropicUsage("input_tokens")],
  cacheRead: [anthropicUsage("cache_read_input_tokens")],
  cacheWrite: [anthropicUsage("cache_creation_input_tokens")],
  cacheWrite5m: [anthropicUsage("cache_creation", "ephemeral_5m_input_tokens")],
  cacheWrite1h: [anthropicUsage("cache_creation", "ephemeral_1h_input_tokens")],
  webSearchRequests: [anthropicUsage("server_tool_use", "web_search_requests")],
};

const SERVICE_TIER = [
  metadata("openai", "serviceTier"),
  metadata("azure", "serviceTier"),
  anthropicUsage("service_tier"),
  metadata("google", "serviceTier"),
];

/** OpenRouter's own charge for the call, which its provider package passes through. */
const PROVIDED_USD: Dialect["providedUsd"] = {
  sources: [metadata("openrouter", "usage", "cost")],
  when: [{ providerIncludes: "openrouter" }],
};

/** Spans of the AI SDK's built-in telemetry, versions 3 to 7: an inner `do*` span an inference, outer ones that sum or repeat. */
export const AI_SDK_DIALECT: Dialect = {
  name: "ai-sdk",
  recognise: { scopes: ["ai"] },
  roles: [
    {
      role: "call",
      attribute: "ai.operationId",
      endsWith: [
        ".doGenerate",
        ".doStream",
        ".doEmbed",
        ".doRerank",
        ".doTranscribe",
        ".doGenerateSpeech",
        ".doGenerateImage",
      ],
    },
    { role: "wrapper", has: "ai.operationId" },
    { role: "call", nameIncludes: ".doGenerate" },
    { role: "call", nameIncludes: ".doStream" },
    { role: "call", nameIncludes: ".doEmbed" },
    { role: "wrapper", nameIncludes: "ai." },
    { role: "none" },
  ],
  fields: {
    ...CONVENTION_FIELDS,
    provider: ["gen_ai.system", "ai.model.provider"],
    modelRequested: ["gen_ai.request.model", "ai.model.id"],
    modelReported: ["gen_ai.response.model", "ai.response.model"],
    operation: [],
    serviceTier: SERVICE_TIER,
    inferenceRegion: [anthropicUsage("inference_geo")],
    responseId: ["gen_ai.response.id", "ai.response.id"],
    sessionId: ["ai.telemetry.metadata.sessionId", "ai.telemetry.metadata.session_id"],
    operationByAttribute: {
      attribute: "ai.operationId",
      endsWith: { ".doEmbed": "embeddings", ".doGenerate": "chat", ".doStream": "chat", ".doRerank": "rerank" },
    },
    streamedWhen: [{ attribute: "ai.operationId", endsWith: [".doStream"] }],
  },
  usage: {
    ...ANTHROPIC_RAW,
    input: [
      "ai.usage.inputTokens",
      "ai.usage.promptTokens",
      "gen_ai.usage.input_tokens",
      "gen_ai.usage.prompt_tokens",
      "ai.usage.tokens",
    ],
    output: [
      "ai.usage.outputTokens",
      "ai.usage.completionTokens",
      "gen_ai.usage.output_tokens",
      "gen_ai.usage.completion_tokens",
    ],
    cacheRead: [
      ...(ANTHROPIC_RAW.cacheRead ?? []),
      "ai.usage.inputTokenDetails.cacheReadTokens",
      "ai.usage.cachedInputTokens",
      // AI SDK 4 has these nowhere else, nor has AI SDK 5 Bedrock's.
      metadata("openai", "cachedPromptTokens"),
      metadata("anthropic", "cacheReadInputTokens"),
      metadata("bedrock", "usage", "cacheReadInputTokens"),
    ],
    cacheWrite: [
      ...(ANTHROPIC_RAW.cacheWrite ?? []),
      "ai.usage.inputTokenDetails.cacheWriteTokens",
      metadata("anthropic", "cacheCreationInputTokens"),
      metadata("bedrock", "usage", "cacheWriteInputTokens"),
    ],
    reasoning: [
      "ai.usage.outputTokenDetails.reasoningTokens",
      "ai.usage.reasoningTokens",
      metadata("openai", "reasoningTokens"),
    ],
  },
  // From AI SDK 6 on the total includes the cache, and says so in its details. `uncachedInput`, where there, decides by itself.
  inputExcludesCache: [
    {
      provider: ["anthropic", "bedrock"],
      lacksAll: ["ai.usage.inputTokenDetails.noCacheTokens", "ai.usage.inputTokenDetails.cacheReadTokens"],
    },
  ],
  providedUsd: PROVIDED_USD,
  // From AI SDK 6 on the output includes reasoning; the details say how much of it is text, or the total is the sum of both sides.
  outputExcludesReasoning: [
    {
      provider: ["google", "xai"],
      lacksAll: ["ai.usage.outputTokenDetails.textTokens"],
      totalIsNotSum: "ai.usage.totalTokens",
    },
  ],
};

/** Spans of `@ai-sdk/otel` (AI SDK 7): the conventions, with AI SDK details beside them when asked for. */
export const AI_SDK_OTEL_DIALECT: Dialect = {
  name: "ai-sdk-otel",
  recognise: { scopes: ["gen_ai"] },
  roles: ROLES_BY_OPERATION,
  fields: { ...CONVENTION_FIELDS, serviceTier: SERVICE_TIER },
  usage: {
    ...CONVENTION_USAGE,
    cacheWrite5m: ANTHROPIC_RAW.cacheWrite5m ?? [],
    cacheWrite1h: ANTHROPIC_RAW.cacheWrite1h ?? [],
    webSearchRequests: ANTHROPIC_RAW.webSearchRequests ?? [],
    reasoning: [...(CONVENTION_USAGE.reasoning ?? []), "ai.usage.outputTokenDetails.reasoningTokens"],
  },
  providedUsd: PROVIDED_USD,
};
