import type { PriceBucket } from "@spancost/core";
import {
  guessKind,
  isRecord,
  type ListedPrice,
  type OpenTable,
  readNumber,
  readRecord,
  readText,
  toDecimalString,
} from "./listed-price.ts";

/** The list names one price several times, as SDKs name the usage; the first of a bucket that is there counts. */
const KEYS: readonly (readonly [key: string, bucket: PriceBucket])[] = [
  ["input", "input"],
  ["input_text", "input"],
  ["total", "input"],
  ["output", "output"],
  ["output_text", "output"],
  ["input_cached_tokens", "cache_read"],
  ["input_cache_read", "cache_read"],
  ["cached_content_token_count", "cache_read"],
  ["input_cache_creation", "cache_write_5m"],
  ["input_cache_creation_5m", "cache_write_5m"],
  ["cache_write_tokens", "cache_write_5m"],
  ["input_cache_creation_1h", "cache_write_1h"],
  ["output_reasoning_tokens", "reasoning"],
  ["input_audio_tokens", "audio_in"],
  ["input_audio", "audio_in"],
  ["output_audio_tokens", "audio_out"],
  ["output_audio", "audio_out"],
];
const OWNERS: readonly (readonly [pattern: RegExp, provider: string])[] = [
  [/^claude/, "anthropic"],
  [/^(?:gemini|chat-bison|codechat|text-bison|text-unicorn|textembedding|code-)/, "google"],
  [/^(?:gpt|o\d|chatgpt|text-|ft:|davinci|babbage|computer-use|codex)/, "openai"],
];

/** Reads Langfuse's list: USD a token, tiers by name. */
export function readLangfuse(list: unknown): ListedPrice[] {
  if (!Array.isArray(list)) return [];
  return list.filter(isRecord).flatMap((entry) => {
    const model = readText(entry, "modelName");
    const provider = OWNERS.find(([pattern]) => pattern.test(model))?.[1];
    const tiers = Array.isArray(entry["pricingTiers"]) ? entry["pricingTiers"].filter(isRecord) : [];
    return provider === undefined ? [] : tiers.map((tier) => readTier(provider, model, tier));
  });
}

function readTier(provider: string, model: string, tier: Readonly<Record<string, unknown>>): ListedPrice {
  const name = readText(tier, "name").toLowerCase();
  const [, thousands] = />(\d+)k/.exec(name) ?? (name.includes("large") ? ["", "200"] : []);
  const served = name.includes("flex")
    ? "flex"
    : name.includes("fast")
      ? provider === "openai"
        ? "priority"
        : "fast"
      : "";
  return {
    list: "langfuse",
    provider,
    model,
    kind: guessKind(model),
    region: "",
    tier: served,
    above: Number(thousands ?? 0) * 1000,
    prices: readTable(readRecord(tier, "prices")),
  };
}

function readTable(table: Readonly<Record<string, unknown>>): OpenTable {
  const prices: OpenTable = {};
  for (const [key, bucket] of KEYS) {
    const price = readNumber(table, key);
    if (price !== undefined && prices[bucket] === undefined) prices[bucket] = toDecimalString(price, 6);
  }
  return prices;
}
