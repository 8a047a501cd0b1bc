import type { ProviderFamily } from "./dialect.ts";

const FAMILY_BY_PROVIDER: readonly (readonly [pattern: RegExp, family: ProviderFamily])[] = [
  [/anthropic|claude/, "anthropic"],
  [/bedrock|^aws/, "bedrock"],
  [/google|gemini|vertex|^gcp/, "google"],
  [/openai|azure/, "openai"],
  [/^x[_-]?ai|grok/, "xai"],
];

/** The family whose way of counting a provider has. Claude counts alike wherever it runs, so the model is asked as well. */
export function providerFamily(provider: string, model: string): ProviderFamily {
  if (/claude/i.test(model)) return "anthropic";
  if (/^(?:x-ai\/|xai\/)?grok-/i.test(model)) return "xai";
  const name = provider.toLowerCase();
  for (const [pattern, family] of FAMILY_BY_PROVIDER) if (pattern.test(name)) return family;
  if (/gemini/i.test(model)) return "google";
  return "other";
}

/** Models of the families that leave reasoning out of their output which do not reason. */
const WITHOUT_REASONING = /gemini-(?:1\.|2\.0|pro(?:$|-vision))|embedding|non-reasoning|grok-(?:beta|1|2|3(?!-mini))/i;

/** Whether a model reasons as a rule. Only asked where a producer leaves reasoning out of its output figure. */
export function reasonsAsARule(model: string): boolean {
  return !WITHOUT_REASONING.test(model);
}
