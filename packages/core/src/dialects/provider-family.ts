import type { ProviderFamily } from "./dialect.ts";

const FAMILY_BY_PROVIDER: readonly (readonly [pattern: RegExp, family: ProviderFamily])[] = [
  [/anthropic|claude/, "anthropic"],
  [/bedrock|^aws/, "bedrock"],
  [/google|gemini|vertex|^gcp/, "google"],
  [/openai|azure/, "openai"],
  [/^x[_-]?ai|grok/, "xai"],
];

const FAMILY_BY_MODEL: readonly (readonly [pattern: RegExp, family: ProviderFamily])[] = [
  [/claude/i, "anthropic"],
  [/^(?:x-ai\/|xai\/)?grok-/i, "xai"],
  [/gemini/i, "google"],
];
/** Names that producers write where a provider should stand: the framework's, not that of an API. */
const NO_PROVIDER: ReadonlySet<string> = new Set(["", "langchain", "langgraph", "vercel", "vercel_ai"]);

/**
 * The family whose way of counting an API has. The provider decides: Claude behind an OpenAI-compatible API (OpenRouter, LiteLLM)
 * is counted OpenAI's way. The model is asked where the provider is not said, or serves every vendor's models in the vendor's own way.
 */
export function providerFamily(provider: string, model: string): ProviderFamily {
  const name = provider.trim().toLowerCase();
  const byProvider = findFamily(FAMILY_BY_PROVIDER, name);
  if (NO_PROVIDER.has(name) || byProvider === "bedrock" || byProvider === "google") {
    return findFamily(FAMILY_BY_MODEL, model) ?? byProvider ?? "other";
  }
  return byProvider ?? "other";
}

function findFamily(families: typeof FAMILY_BY_MODEL, name: string): ProviderFamily | undefined {
  return families.find(([pattern]) => pattern.test(name))?.[1];
}

/** Models of the families that leave reasoning out of their output which do not reason. */
const WITHOUT_REASONING = /gemini-(?:1\.|2\.0|pro(?:$|-vision))|embedding|non-reasoning|grok-(?:beta|1|2|3(?!-mini))/i;

/** Whether a model reasons as a rule. Only asked where a producer leaves reasoning out of its output figure. */
export function reasonsAsARule(model: string): boolean {
  return !WITHOUT_REASONING.test(model);
}
