import type { ModelEntry } from "./catalog-format.ts";
import type { Catalog, ProviderCatalog } from "./catalog.ts";
import { listNameCandidates, type ModelName, readModelName, toBedrockName } from "./model-names.ts";
import { hasPaths, toPathName } from "./price-lists/list-key.ts";
import { readProviderName } from "./provider-names.ts";

/** A model of the catalogue, and how sure the match is. */
export type ModelMatch =
  | {
      readonly ok: true;
      readonly list: ProviderCatalog;
      readonly model: ModelEntry;
      readonly region: string;
      readonly inferred: boolean;
    }
  | {
      readonly ok: false;
      readonly reason: "unknown-provider" | "unknown-model" | "needs-mapping";
      readonly nearest: readonly string[];
    };

/** Lists to look into, with whether a match there is an inference. A provider comes first in its own list. */
const FALLBACKS: Readonly<Record<string, readonly string[]>> = {
  azure: ["openai"],
  vertex: ["google"],
  google: ["vertex"],
};
/** Providers that make models, in the order in which an unnamed provider is looked for. */
const MAKERS = [
  "openai",
  "anthropic",
  "google",
  "xai",
  "mistral",
  "deepseek",
  "cohere",
  "perplexity",
  "moonshot",
  "voyage",
];
/** Names that only their maker serves: weights that anybody may run tell nothing about who was paid. */
const ONE_MAKER = [
  /^(?:gpt-(?!oss)|chatgpt-|o[134](?:-|$)|codex-|computer-use-|text-(?:embedding|davinci|moderation)-|omni-moderation-)/,
  /^(?:whisper-1$|tts-1|dall-e-|sora-|davinci-|babbage-|ft:)/,
  /^(?:claude-|gemini-|veo-|imagen-|deep-research-pro|grok-|command(?:-|$)|embed-|sonar|kimi-|voyage-)/,
  /^(?:mistral-(?:large|medium|small|embed|tiny)|codestral|magistral-medium|pixtral-large|open-(?:mistral|mixtral))/,
  // Weights of these are open, but only Mistral's own service names them by month or `-latest`.
  /^(?:mistral|ministral|devstral|magistral|pixtral|voxtral)(?:-.*)?-(?:latest|\d{4})$/,
  /^deepseek-(?:chat|reasoner|v4-)/,
];
const MAX_NEAREST = 3;
/** Characters that two names must begin alike with, to be called near. */
const MIN_SHARED = 4;
/** Spans call every endpoint that speaks its protocol by this name; a model of another maker tells who was paid. */
const COMPATIBLE = "openai";
const FREE = ":free";

/** Finds the model that a provider's and a model's name mean. */
export function findModel(catalog: Catalog, providerName: string, modelName: string): ModelMatch {
  const reading = readProviderName(providerName);
  const model = readModelName(modelName);
  if (reading.kind === "reseller") return { ok: false, reason: "unknown-provider", nearest: [] };
  if (reading.kind === "self-hosted") return { ok: false, reason: "unknown-model", nearest: [] };
  if (reading.kind === "known") return findKnown(catalog, reading.provider, model);
  return findUnnamed(catalog, model, reading.kind);
}

function findKnown(catalog: Catalog, provider: string, model: ModelName): ModelMatch {
  if (!model.readable) return { ok: false, reason: "needs-mapping", nearest: [] };
  for (const [index, id] of [provider, ...(FALLBACKS[provider] ?? [])].entries()) {
    const list = catalog.providers.get(id);
    const found = list && findInList(list, model);
    if (list && found)
      return { ok: true, list, model: found.model, region: model.region, inferred: found.inferred || index > 0 };
  }
  if (provider === COMPATIBLE) return findUnnamed(catalog, model, "unnamed");
  return {
    ok: false,
    reason: "unknown-model",
    nearest: findNearest(catalog.providers.get(provider), toOwnName(provider, model)),
  };
}

function findUnnamed(catalog: Catalog, model: ModelName, kind: "unnamed" | "unknown"): ModelMatch {
  if (!model.readable) return { ok: false, reason: "needs-mapping", nearest: [] };
  for (const id of listCandidates(model)) {
    const list = catalog.providers.get(id);
    const found = list && findInList(list, model);
    if (list && found) return { ok: true, list, model: found.model, region: model.region, inferred: true };
  }
  const nearest = MAKERS.flatMap((id) => findNearest(catalog.providers.get(id), model.name)).slice(0, MAX_NEAREST);
  return { ok: false, reason: kind === "unknown" ? "unknown-provider" : "unknown-model", nearest };
}

/** The lists that a model's name alone points to. */
function listCandidates(model: ModelName): readonly string[] {
  if (model.name.endsWith(FREE)) return ["openrouter"];
  if (model.provider !== "") return [model.provider, ...(FALLBACKS[model.provider] ?? [])];
  return ONE_MAKER.some((pattern) => pattern.test(model.name)) ? MAKERS : [];
}

function findInList(list: ProviderCatalog, model: ModelName): { model: ModelEntry; inferred: boolean } | undefined {
  const literal = list.findModel(model.literal);
  if (literal !== undefined) return { model: literal, inferred: false };
  const own = toOwnName(list.id, model);
  for (const { name, inferred } of listNameCandidates(own)) {
    const found = list.findModel(name);
    if (found !== undefined) return { model: found, inferred };
  }
  if (list.id === "openrouter") return findVariant(list, own);
  return hasPaths(list.id) ? findByTail(list, own) : undefined;
}

/** A model's name as the provider's list has it. */
function toOwnName(provider: string, { name, literal }: ModelName): string {
  if (hasPaths(provider)) return toPathName(provider, literal);
  return provider === "bedrock" ? toBedrockName(name) : name;
}

/** A name without its path, where only one path of the provider's list ends in it: `gpt-oss-120b` for `openai/gpt-oss-120b`. */
function findByTail(list: ProviderCatalog, name: string): { model: ModelEntry; inferred: boolean } | undefined {
  const ending = list.models.filter(({ id }) => id.endsWith(`/${name}`));
  const [only, ...others] = ending;
  return only !== undefined && others.length === 0 ? { model: only, inferred: true } : undefined;
}

/** OpenRouter's variants: `:free` is free of charge, `:beta` and `:thinking` cost what the model costs; others have other prices. */
function findVariant(list: ProviderCatalog, name: string): { model: ModelEntry; inferred: boolean } | undefined {
  const [, plain = "", variant = ""] = /^(.+):(free|beta|thinking)$/.exec(name) ?? [];
  const found = list.findModel(plain);
  if (found === undefined) return undefined;
  const [rate] = found.rates;
  if (variant !== "free" || rate === undefined) return { model: found, inferred: true };
  return { model: { id: name, rates: [{ prices: { input: "0", output: "0" }, source: rate.source }] }, inferred: true };
}

/** Known names that start alike and differ least: a hint for a person, never a match. */
function findNearest(list: ProviderCatalog | undefined, name: string): string[] {
  if (list === undefined) return [];
  const near = list.models.flatMap(({ id }) => {
    const shared = countShared(id, name);
    return shared < MIN_SHARED ? [] : [{ id, distance: id.length + name.length - 2 * shared }];
  });
  return near
    .sort((a, b) => a.distance - b.distance)
    .slice(0, MAX_NEAREST)
    .map(({ id }) => id);
}

function countShared(left: string, right: string): number {
  let index = 0;
  while (index < left.length && left[index] === right[index]) index++;
  return index;
}
