import type { CompatibleProvider } from "@spancost/instrumentation";
import { readOpenRouterCost, readPerplexityCost, readPerplexityUsage, readXaiCost } from "@spancost/llm-wire";
import { createOpenAIFormats } from "./openai-formats.ts";

/**
 * Providers that speak OpenAI's formats, by `gen_ai.provider.name` (the conventions' where they have one, else the one that
 * `@spancost/rates` knows), with what is theirs.
 *
 * A host is asked for usage (`asksForUsage`) only where its documentation says that usage comes on request and not otherwise:
 * elsewhere the wish is rejected, needless, or would bring what cannot be taken out again.
 * Read 2026-11-20:
 * - OpenAI (in `openai-instrumentation.ts`): yes. https://platform.openai.com/docs/api-reference/chat/create `stream_options`
 * - Azure: from API version 2024-09-01-preview on, and on `/openai/v1`; earlier ones answer 400.
 *   https://github.com/Azure/azure-sdk-for-java/issues/40998, https://github.com/Azure/azure-rest-api-specs/issues/29157
 * - Mistral: never, it answers 422; usage always comes. https://github.com/openai/openai-agents-python/issues/442
 * - OpenRouter: always sends usage, the wish has no effect.
 *   https://openrouter.ai/docs/cookbook/administration/usage-accounting
 * - Groq: always sends usage, in `x_groq` of the last chunk; the wish brings a second copy.
 *   https://github.com/Portkey-AI/gateway/issues/1338
 * - DeepSeek: the last chunk carries usage either way. https://api-docs.deepseek.com/api/create-chat-completion
 * - Fireworks, Perplexity, Together, xAI: take the wish, but do not say that they send no usage without it, or are known to. A
 *   stream of theirs without usage is `unknown_usage`, which is seen; a chunk taken from an app would not be.
 * - vLLM: on request. https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html
 * - LM Studio: on request, since 0.3.18. https://lmstudio.ai/docs/app/api-changelog
 * - Ollama: on request for chat; for completions the wish puts figures of zero into every chunk.
 *   https://github.com/ollama/ollama/blob/077a50baa53553339fa1b545c74e08d88db90add/middleware/openai.go
 * - llama.cpp: never, `timings` move to another chunk on request, and some versions always send usage.
 *   https://github.com/ggml-org/llama.cpp/issues/16048
 */
export const COMPATIBLE_PROVIDERS: readonly CompatibleProvider[] = [
  {
    name: "azure.ai.openai",
    hosts: ["*.openai.azure.com", "*.cognitiveservices.azure.com", "*.services.ai.azure.com", "*.openai.azure.us"],
    formats: createOpenAIFormats(),
    asksForUsage: isAskableAzure,
  },
  { name: "deepseek", hosts: ["api.deepseek.com"], formats: createOpenAIFormats() },
  { name: "fireworks", hosts: ["api.fireworks.ai"], formats: createOpenAIFormats() },
  { name: "groq", hosts: ["api.groq.com"], formats: createOpenAIFormats() },
  { name: "mistral_ai", hosts: ["api.mistral.ai", "codestral.mistral.ai"], formats: createOpenAIFormats() },
  { name: "openrouter", hosts: ["openrouter.ai"], formats: createOpenAIFormats({ readCostUsd: readOpenRouterCost }) },
  {
    name: "perplexity",
    hosts: ["api.perplexity.ai"],
    formats: createOpenAIFormats({ readUsage: readPerplexityUsage, readCostUsd: readPerplexityCost }),
  },
  { name: "together", hosts: ["api.together.ai", "api.together.xyz"], formats: createOpenAIFormats() },
  {
    name: "x_ai",
    hosts: ["api.x.ai", "*.api.x.ai"],
    formats: createOpenAIFormats({ excludesReasoning: true, readCostUsd: readXaiCost }),
  },
  // Servers of the operator's own. Only these two listen on ports that are theirs; name others in `baseUrls`.
  { name: "ollama", hosts: listLocalHosts(11434), formats: createOpenAIFormats(), asksForUsage: isChat },
  { name: "lmstudio", hosts: listLocalHosts(1234), formats: createOpenAIFormats(), asksForUsage: () => true },
  { name: "vllm", hosts: [], formats: createOpenAIFormats(), asksForUsage: () => true },
  { name: "llama_cpp", hosts: [], formats: createOpenAIFormats() },
];

/** The first API version of Azure OpenAI whose `stream_options` are taken. */
const FIRST_ASKABLE_VERSION = "2024-09-01-preview";

/** Versions are dates, so that they compare as texts; `preview`, `latest` and `v1` name today's. */
function isAskableAzure(url: URL): boolean {
  if (url.pathname.startsWith("/openai/v1/")) return true;
  const version = url.searchParams.get("api-version") ?? "";
  return /^\d{4}-\d{2}-\d{2}/.test(version) && version.slice(0, 10) >= FIRST_ASKABLE_VERSION.slice(0, 10);
}

function isChat(url: URL): boolean {
  return url.pathname.endsWith("/chat/completions");
}

function listLocalHosts(port: number): readonly string[] {
  return ["localhost", "127.0.0.1", "[::1]"].map((host) => `${host}:${port}`);
}
