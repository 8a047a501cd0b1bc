import { readModelName, toBedrockName, toCanonicalName } from "../model-names.ts";
import { findProviderByPrefix } from "../provider-names.ts";

/** Providers whose own model ids have a path: only their own name is a prefix. */
const WITH_PATHS: ReadonlySet<string> = new Set([
  "openrouter",
  "groq",
  "together",
  "fireworks",
  "novita",
  "cloudflare",
  "cerebras",
  "ovhcloud",
  "baseten",
]);

/** The name and region under which rows of different lists about the same model meet. */
export function toListKey(provider: string, model: string): { readonly name: string; readonly region: string } {
  if (!WITH_PATHS.has(provider)) {
    const { name, region } = readModelName(model);
    return { name: toCanonicalName(provider === "bedrock" ? toBedrockName(name) : name), region };
  }
  return { name: toPathName(provider, model), region: "" };
}

/** Whether a provider's own model ids have a path, such as `openai/gpt-oss-120b`. */
export function hasPaths(provider: string): boolean {
  return WITH_PATHS.has(provider);
}

/** A model's id in the list of a provider whose ids have paths: without the provider's own prefix. */
export function toPathName(provider: string, model: string): string {
  const [head = "", ...rest] = model.toLowerCase().split("/");
  const name = rest.length > 0 && findProviderByPrefix(head) === provider ? rest.join("/") : model.toLowerCase();
  return name.replace(/^accounts\/fireworks\/models\//, "");
}
