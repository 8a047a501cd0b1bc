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
  const [head = "", ...rest] = model.toLowerCase().split("/");
  const name = rest.length > 0 && findProviderByPrefix(head) === provider ? rest.join("/") : model.toLowerCase();
  return { name: name.replace(/^accounts\/fireworks\/models\//, ""), region: "" };
}
