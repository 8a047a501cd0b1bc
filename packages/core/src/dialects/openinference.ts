import type { Dialect } from "./dialect.ts";
import { CONVENTION_FIELDS, CONVENTION_USAGE } from "./shared.ts";

/** OpenInference (Arize): its own names, totals that include their parts. */
export const OPENINFERENCE_DIALECT: Dialect = {
  name: "openinference",
  recognise: { scopes: ["@arizeai/openinference-*", "openinference.instrumentation.*"] },
  roles: [
    { role: "call", attribute: "openinference.span.kind", in: ["LLM", "EMBEDDING"] },
    { role: "wrapper", has: "openinference.span.kind" },
    { role: "none" },
  ],
  fields: {
    provider: ["llm.provider", { json: "metadata", path: ["ls_provider"] }, "llm.system"],
    modelRequested: [
      "llm.request.model_name",
      { json: "llm.invocation_parameters", path: ["model"] },
      "embedding.model_name",
      "llm.model_name",
    ],
    modelReported: ["llm.response.model_name", "llm.model_name", "embedding.model_name"],
    operation: [],
    serviceTier: [{ json: "llm.invocation_parameters", path: ["service_tier"] }],
    sessionId: ["session.id"],
    streamed: [{ json: "llm.invocation_parameters", path: ["stream"] }],
    errorType: ["error.type"],
    operationByAttribute: { attribute: "openinference.span.kind", values: { LLM: "chat", EMBEDDING: "embeddings" } },
  },
  usage: {
    input: ["llm.token_count.prompt"],
    output: ["llm.token_count.completion"],
    cacheRead: ["llm.token_count.prompt_details.cache_read"],
    cacheWrite: ["llm.token_count.prompt_details.cache_write"],
    reasoning: ["llm.token_count.completion_details.reasoning"],
    audioIn: ["llm.token_count.prompt_details.audio"],
    audioOut: ["llm.token_count.completion_details.audio"],
  },
  // What xAI's API leaves out of the output is passed on as it is.
  outputExcludesReasoning: [{ provider: ["xai"] }],
};

const { fields: FIELDS, usage: USAGE } = OPENINFERENCE_DIALECT;

/** Whoever else writes OpenInference's attributes, at times with `gen_ai.*` beside them: read by their meaning, and marked. */
export const UNKNOWN_OPENINFERENCE_DIALECT: Dialect = {
  ...OPENINFERENCE_DIALECT,
  name: "openinference-unknown",
  recognise: { isFallback: true, scopes: [], anyAttribute: ["openinference.span.kind"] },
  fields: {
    ...CONVENTION_FIELDS,
    ...FIELDS,
    provider: [...FIELDS.provider, ...CONVENTION_FIELDS.provider],
    modelRequested: [...FIELDS.modelRequested, ...CONVENTION_FIELDS.modelRequested],
    modelReported: [...FIELDS.modelReported, ...CONVENTION_FIELDS.modelReported],
  },
  usage: {
    ...CONVENTION_USAGE,
    ...USAGE,
    input: [...USAGE.input, ...CONVENTION_USAGE.input],
    output: [...USAGE.output, ...CONVENTION_USAGE.output],
    cacheRead: [...(USAGE.cacheRead ?? []), ...(CONVENTION_USAGE.cacheRead ?? [])],
    cacheWrite: [...(USAGE.cacheWrite ?? []), ...(CONVENTION_USAGE.cacheWrite ?? [])],
    reasoning: [...(USAGE.reasoning ?? []), ...(CONVENTION_USAGE.reasoning ?? [])],
  },
};
