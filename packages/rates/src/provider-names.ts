/** What a provider's name tells: the price list to look into, or why there is none. */
export type ProviderReading =
  | { readonly kind: "known"; readonly provider: string }
  /** A tool between the app and the provider, or nothing: the model may tell the provider. */
  | { readonly kind: "unnamed" }
  /** A machine of the operator's own: its models cost what the operator says, never what a maker asks for. */
  | { readonly kind: "self-hosted" }
  /** Somebody who sells others' models at prices of its own that we do not have: the maker's price says nothing. */
  | { readonly kind: "reseller" }
  | { readonly kind: "unknown" };

/** Our provider ids, and every name they go by in spans, SDKs, price lists and model prefixes. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  openai: ["openai", "open_ai", "openai_compatible_openai", "text_completion_openai", "chatgpt"],
  anthropic: ["anthropic", "claude", "anthropic_ai", "anthropicai"],
  google: [
    "google",
    "gemini",
    "gcp.gemini",
    "gcp.gen_ai",
    "gen_ai",
    "google_genai",
    "google_generative_ai",
    "google_ai",
    "google_ai_studio",
    "googleai",
    "google.generative_ai",
    "palm",
  ],
  vertex: [
    "vertex",
    "vertex_ai",
    "vertexai",
    "gcp.vertex_ai",
    "google.vertex",
    "google_vertex",
    "google_vertex_ai",
    "google_vertexai",
    "google_vertex_anthropic",
    "vertex_ai_beta",
    "vertex.anthropic",
    "google.vertex.anthropic",
    "anthropic_vertex",
    "gcp",
  ],
  azure: [
    "azure",
    "azure.ai.openai",
    "azure.ai.inference",
    "az.ai.openai",
    "az.ai.inference",
    "azure_openai",
    "azureopenai",
    "azure_ai",
    "azure.openai",
    "azure_ai_inference",
    "azure_text",
    "azure_foundry",
    "azure_ai_foundry",
    "microsoft",
    "microsoft_foundry",
    "azure_cognitive_services",
    "openai_azure",
  ],
  bedrock: [
    "bedrock",
    "aws.bedrock",
    "aws_bedrock",
    "amazon_bedrock",
    "bedrock_converse",
    "bedrock_runtime",
    "amazon",
    "aws",
    "bedrock_mantle",
    "anthropic_bedrock",
    "amazon.bedrock",
    "chatbedrock",
  ],
  groq: ["groq"],
  mistral: ["mistral", "mistral_ai", "mistralai", "codestral", "text_completion_codestral"],
  deepseek: ["deepseek", "deep_seek", "deepseek_ai"],
  xai: ["xai", "x_ai", "x.ai", "grok"],
  cohere: ["cohere", "cohere_chat", "cohere_ai"],
  openrouter: ["openrouter", "open_router"],
  perplexity: ["perplexity", "perplexity_ai", "pplx"],
  moonshot: ["moonshot", "moonshotai", "moonshot_ai", "kimi"],
  cerebras: ["cerebras"],
  fireworks: ["fireworks", "fireworks_ai", "fireworksai"],
  together: ["together", "together_ai", "togetherai", "together_computer"],
  voyage: ["voyage", "voyageai", "voyage_ai"],
  zai: ["zai", "z_ai", "z.ai", "zhipu", "zhipuai"],
  minimax: ["minimax", "mini_max"],
  cloudflare: ["cloudflare", "workers_ai", "cloudflare_workers_ai"],
  novita: ["novita", "novita_ai"],
  ovhcloud: ["ovhcloud", "ovh"],
  baseten: ["baseten"],
};
/** Frameworks, gateways and placeholders that spans carry where a provider should stand. */
const UNNAMED = new Set([
  "",
  "unknown",
  "_other",
  "other",
  "none",
  "null",
  "undefined",
  "vercel",
  "vercel_ai",
  "vercel_ai_gateway",
  "ai_sdk",
  "gateway",
  "langchain",
  "langgraph",
  "langsmith",
  "llamaindex",
  "llama_index",
  "litellm",
  "litellm_proxy",
  "mastra",
  "genkit",
  "haystack",
  "helicone",
  "portkey",
  "openinference",
  "traceloop",
  "openllmetry",
  "custom",
  "openai_compatible",
  "crewai",
  "agno",
  "pydantic_ai",
  "semantic_kernel",
  "autogen",
  "dspy",
  "instructor",
  "cloudflare_ai_gateway",
  "proxy",
]);
const SELF_HOSTED = new Set([
  "ollama",
  "vllm",
  "hosted_vllm",
  "lmstudio",
  "lm_studio",
  "llamacpp",
  "llama_cpp",
  "llamafile",
  "localai",
  "local",
  "localhost",
  "self_hosted",
  "selfhosted",
  "tgi",
  "sglang",
  "lemonade",
  "docker_model_runner",
  "huggingface_local",
  "triton",
  "nvidia_nim",
  "xinference",
  "oobabooga",
  "on_premise",
  "onprem",
]);
const RESELLERS = new Set([
  "databricks",
  "snowflake",
  "github_copilot",
  "copilot",
  "replicate",
  "deepinfra",
  "watsonx",
  "ibm",
  "oci",
  "oracle",
  "heroku",
  "nebius",
  "hyperbolic",
  "lambda",
  "lambda_ai",
  "sambanova",
  "nscale",
  "scaleway",
  "gmi",
  "wandb",
  "anyscale",
  "huggingface",
  "hugging_face",
  "sagemaker",
  "friendliai",
  "featherless_ai",
  "siliconflow",
  "dashscope",
  "alibaba",
  "alibaba_cloud",
  "volcengine",
  "poe",
  "cursor",
  "gradient_ai",
  "predibase",
  "runpod",
  "modal",
]);
/** Provider names as SDKs extend them: `openai.chat`, `groq.chat`, `anthropic.messages`, `google.generative-ai`. */
const SURFACES =
  /\.(?:chat|responses|response|messages|completion|completions|embedding|embeddings|image|speech|transcription|generative_ai|language_model|text|default|converse|converse_stream|invoke_model)$/;

const BY_NAME: ReadonlyMap<string, string> = new Map(
  Object.entries(NAMES).flatMap(([provider, names]) => names.map((name) => [name, provider] as const)),
);

/** Reads a provider's name as spans, SDKs, gateways and price lists write it (`gcp.vertex_ai`, `x_ai`, `openai.chat`). */
export function readProviderName(name: string): ProviderReading {
  const plain = name
    .trim()
    .toLowerCase()
    .replace(/[\s-]+/g, "_");
  for (const candidate of listShorterNames(plain)) {
    const provider = BY_NAME.get(candidate);
    if (provider !== undefined) return { kind: "known", provider };
    if (UNNAMED.has(candidate)) return { kind: "unnamed" };
    if (SELF_HOSTED.has(candidate)) return { kind: "self-hosted" };
    if (RESELLERS.has(candidate)) return { kind: "reseller" };
  }
  return { kind: "unknown" };
}

function* listShorterNames(name: string): Generator<string> {
  yield name;
  let shorter = name;
  for (let next = shorter.replace(SURFACES, ""); next !== shorter; next = shorter.replace(SURFACES, "")) {
    shorter = next;
    yield shorter;
  }
}

/** The provider that a model's path prefix names (`openai/`, `vertex_ai/`), or `undefined`. */
export function findProviderByPrefix(prefix: string): string | undefined {
  return BY_NAME.get(
    prefix
      .trim()
      .toLowerCase()
      .replace(/[\s-]+/g, "_"),
  );
}
