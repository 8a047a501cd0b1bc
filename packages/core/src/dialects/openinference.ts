import type { Dialect } from "./dialect.ts";

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
