// Reads the seed, `@pydantic/genai-prices`, into our own format. Run by build-catalog.ts.
import { findProvider, type MatchLogic, type ModelInfo, type ModelPrice } from "@pydantic/genai-prices";
import { divideHalfUp, formatDecimal, type PriceBucket } from "@spancost/core";
import type { ContextEntry, ModelEntry, PriceTable, RateEntry } from "../src/catalog-format.ts";

/** The seed's provider ids and ours. */
const PROVIDERS: Readonly<Record<string, string>> = {
  openai: "openai",
  anthropic: "anthropic",
  google: "google",
  azure: "azure",
  aws: "bedrock",
  groq: "groq",
  mistral: "mistral",
  deepseek: "deepseek",
  "x-ai": "xai",
  cohere: "cohere",
  openrouter: "openrouter",
  perplexity: "perplexity",
  moonshotai: "moonshot",
  cerebras: "cerebras",
  fireworks: "fireworks",
  together: "together",
  voyageai: "voyage",
  zhipuai: "zai",
  minimax: "minimax",
  cloudflare: "cloudflare",
  novita: "novita",
  ovhcloud: "ovhcloud",
  baseten: "baseten",
};

/** The seed's price keys: our bucket, and what its figure is divided by to get ours. */
const PRICE_KEYS: Readonly<Record<string, readonly [bucket: PriceBucket, divisor: number]>> = {
  input_mtok: ["input", 1],
  output_mtok: ["output", 1],
  cache_read_mtok: ["cache_read", 1],
  cache_write_mtok: ["cache_write_5m", 1],
  cache_write_1h_mtok: ["cache_write_1h", 1],
  input_audio_mtok: ["audio_in", 1],
  output_audio_mtok: ["audio_out", 1],
  input_image_mtok: ["image_in", 1],
  output_image_mtok: ["image_out", 1],
  output_reasoning_mtok: ["reasoning", 1],
  web_searches_kcount: ["web_search_requests", 1000],
  requests_kcount: ["requests", 1000],
  audio_hours: ["audio_seconds", 3600],
  input_audio_hours: ["audio_seconds", 3600],
};
/** Figures without a bucket in a call's usage: pages, storage searches, citations, video tokens, cached audio. */
const IGNORED_KEYS = new Set([
  "storage_searches_kcount",
  "cache_audio_read_mtok",
  "cache_image_read_mtok",
  "input_video_mtok",
  "output_video_mtok",
  "output_citation_mtok",
  "input_document_kpages",
  "input_annotated_document_kpages",
  "input_text_messages_kcount",
]);
/** Digits that a price may have: those of 1e-18 USD, for a price a million and for a price a unit. */
const DIGITS_PER_MILLION = 12;
const DIGITS_PER_UNIT = 18;

/** The seed's models in our format, by provider; every rate has the given source index. */
export function importGenaiPrices(source: number): { id: string; models: ModelEntry[] }[] {
  return Object.entries(PROVIDERS).map(([theirs, ours]) => {
    const provider = findProvider({ providerId: theirs });
    if (provider === undefined || provider.id !== theirs) throw new Error(`The seed has no provider "${theirs}".`);
    const models = provider.models.flatMap((model) => importModel(model, source) ?? []);
    return { id: ours, models };
  });
}

function importModel(model: ModelInfo, source: number): ModelEntry | null {
  const dated = Array.isArray(model.prices) ? model.prices : [{ prices: model.prices }];
  // Hours of the day are in our overlay: the seed cannot combine them with dates.
  if (dated.some((entry) => entry.constraint?.type === "time_of_date")) return null;
  const rates = dated.flatMap((entry): RateEntry[] => {
    const split = splitTiers(entry.prices);
    if (split === null) return [];
    const from = entry.constraint?.type === "start_date" ? { from: entry.constraint.start_date } : {};
    return [{ ...from, ...split, source }];
  });
  if (rates.length === 0) return null;
  const aliases = [...new Set(listNames(model.match))].filter((name) => name !== model.id.toLowerCase());
  return { id: model.id.toLowerCase(), ...(aliases.length > 0 ? { aliases } : {}), rates };
}

/** Literal names in the seed's matching rule. Its prefixes become names, not prefixes: suffixes are the resolver's matter. */
function listNames(match: MatchLogic): string[] {
  if ("or" in match) return match.or.flatMap(listNames);
  if ("and" in match) return match.and.slice(0, 1).flatMap(listNames);
  if ("regex" in match) return [];
  const name =
    "equals" in match
      ? match.equals
      : "starts_with" in match
        ? match.starts_with
        : "contains" in match
          ? match.contains
          : match.ends_with;
  return [name.toLowerCase().replace(/[-@/]+$/, "")];
}

/** Base prices and context tiers, or `null` when nothing of it is a bucket of ours. */
function splitTiers(prices: ModelPrice): { prices: PriceTable; context?: ContextEntry[] } | null {
  const base: Record<string, string> = {};
  const above = new Map<number, Record<string, string>>();
  const entries = Object.entries(prices).filter(([key]) => !IGNORED_KEYS.has(key));
  if (entries.length === 0) return Object.keys(prices).length === 0 ? { prices: { input: "0", output: "0" } } : null;
  for (const [key, price] of entries) {
    const [bucket, divisor] = PRICE_KEYS[key] ?? [];
    if (bucket === undefined || divisor === undefined) throw new Error(`The seed has an unknown price "${key}".`);
    if (price === undefined) continue;
    if (typeof price === "number") base[bucket] = toDecimal(price, divisor);
    else {
      base[bucket] = toDecimal(price.base, divisor);
      for (const tier of price.tiers)
        above.set(toThreshold(tier.start), {
          ...above.get(toThreshold(tier.start)),
          [bucket]: toDecimal(tier.price, divisor),
        });
    }
  }
  const context = [...above]
    .sort(([a], [b]) => a - b)
    .map(([tokens, table]) => ({ above: tokens, prices: { ...base, ...table } }));
  return context.length > 0 ? { prices: base, context } : { prices: base };
}

/** The seed writes some thresholds one lower; at the threshold itself the base price applies (semantics, 4.2). */
function toThreshold(start: number): number {
  return start % 1000 === 999 ? start + 1 : start;
}

/** A double as its shortest decimal, divided, and rounded to the digits that a price may have. */
function toDecimal(value: number, divisor: number): string {
  const places = divisor === 1 ? DIGITS_PER_MILLION : DIGITS_PER_UNIT;
  const [digits = "", exponent = "0"] = value.toExponential().split("e");
  const [whole = "", fraction = ""] = digits.split(".");
  const power = Number(exponent) - fraction.length + places;
  const scale = power < 0 ? 10n ** BigInt(-power) : 1n;
  const scaled = BigInt(whole + fraction) * (power < 0 ? 1n : 10n ** BigInt(power));
  return formatDecimal(divideHalfUp(scaled, BigInt(divisor) * scale), places);
}
