/**
 * Attribute names of the GenAI semantic conventions that Spancost writes, and reads from producers that follow them.
 * @see semantic-conventions-genai, gen-ai-spans, read 2026-11-20 (`cache_write` since #440, cost attributes from #443)
 */
export const GEN_AI = {
  operationName: "gen_ai.operation.name",
  providerName: "gen_ai.provider.name",
  requestModel: "gen_ai.request.model",
  requestStream: "gen_ai.request.stream",
  responseModel: "gen_ai.response.model",
  responseId: "gen_ai.response.id",
  responseFinishReasons: "gen_ai.response.finish_reasons",
  conversationId: "gen_ai.conversation.id",
  inputTokens: "gen_ai.usage.input_tokens",
  outputTokens: "gen_ai.usage.output_tokens",
  cacheReadInputTokens: "gen_ai.usage.cache_read.input_tokens",
  cacheWriteInputTokens: "gen_ai.usage.cache_write.input_tokens",
  reasoningOutputTokens: "gen_ai.usage.reasoning.output_tokens",
  costAmount: "gen_ai.usage.cost.amount",
  costCurrency: "gen_ai.usage.cost.currency",
  costSource: "gen_ai.usage.cost.source",
} as const;

/** Names of Spancost's own attributes: what the conventions have no name for yet. */
export const SPANCOST = {
  task: "spancost.task",
  taskId: "spancost.task.id",
  /** 0 for the first attempt of a call, 1 for its first retry. */
  attempt: "spancost.attempt",
  /** What else cost something, such as `pinecone`: on spans of costs that are no LLM calls. */
  costKind: "spancost.cost.kind",
  /** The cost in USD, as a decimal text: doubles do not hold cents. */
  costAmount: "spancost.cost.amount",
  /** How many units, and USD for one, as decimal texts, where the amount is their product. */
  costUnits: "spancost.cost.units",
  costUnitPrice: "spancost.cost.unit_price",
  /** Names a cost or a call for good: what comes again under the same key, kind, tenant and service is the same, and counts once. */
  key: "spancost.key",
  /** `billing` on a span that the app's sampler would have dropped, and that is kept so that the bill is complete. */
  sampling: "spancost.sampling",
  /** The service tier that the provider says it served, in the provider's own word. */
  serviceTier: "spancost.service_tier",
  /** The operator's account with the provider, where there are several; on the span or its resource. Contracts can name it. */
  providerAccount: "spancost.provider_account",
  /** Where the provider ran the inference (Anthropic's `inference_geo`, a Bedrock region), in the provider's own word. */
  inferenceRegion: "spancost.inference_region",
  /** The part of `gen_ai.usage.cache_write.input_tokens` written for one hour. */
  cacheWrite1hInputTokens: "spancost.usage.cache_write_1h.input_tokens",
  audioInputTokens: "spancost.usage.audio.input_tokens",
  audioOutputTokens: "spancost.usage.audio.output_tokens",
  imageInputTokens: "spancost.usage.image.input_tokens",
  imageOutputTokens: "spancost.usage.image.output_tokens",
  /** Generated images, whether billed by the image or by their tokens. */
  images: "spancost.usage.images",
  /** Seconds of audio heard or spoken, for models billed by time; a double, as providers send it. */
  audioSeconds: "spancost.usage.audio_seconds",
  videoSeconds: "spancost.usage.video_seconds",
  /** Characters turned to speech, for models billed by the character. */
  characters: "spancost.usage.characters",
  webSearchRequests: "spancost.usage.web_search_requests",
} as const;

/** Names that attribution has in baggage and on spans unless the operator configures others. */
export const ATTRIBUTION_KEYS = {
  tenantId: "tenant_id",
  userId: "user_id",
  feature: "feature",
} as const;
