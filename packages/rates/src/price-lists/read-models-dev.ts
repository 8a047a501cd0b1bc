import type { PriceBucket } from "@spancost/core";
import { findProviderByPrefix } from "../provider-names.ts";
import {
  guessKind,
  isRecord,
  type ListedPrice,
  type OpenTable,
  readNumber,
  readRecord,
  toDecimalString,
} from "./listed-price.ts";

const KEYS: Readonly<Record<string, PriceBucket>> = {
  input: "input",
  output: "output",
  cache_read: "cache_read",
  cached_input: "cache_read",
  cache_write: "cache_write_5m",
  reasoning: "reasoning",
  input_audio: "audio_in",
  output_audio: "audio_out",
};

/** Reads models.dev's list: USD a million tokens, context tiers as an array. */
export function readModelsDev(list: unknown): ListedPrice[] {
  if (!isRecord(list)) return [];
  return Object.entries(list).flatMap(([name, models]) => {
    const provider = findProviderByPrefix(name);
    if (provider === undefined || !isRecord(models)) return [];
    return Object.entries(models).flatMap(([model, entry]) =>
      isRecord(entry) ? readEntry(provider, model, readRecord(entry, "cost")) : [],
    );
  });
}

function readEntry(provider: string, model: string, cost: Readonly<Record<string, unknown>>): ListedPrice[] {
  const row = (above: number, table: Readonly<Record<string, unknown>>): ListedPrice => ({
    list: "models.dev",
    provider,
    model,
    kind: guessKind(model),
    region: "",
    tier: "",
    above,
    prices: readTable(table),
  });
  const tiers = Array.isArray(cost["tiers"]) ? cost["tiers"].filter(isRecord) : [];
  return [row(0, cost), ...tiers.map((tier) => row(readNumber(readRecord(tier, "tier"), "size") ?? 0, tier))].filter(
    (price) => Object.keys(price.prices).length > 0,
  );
}

function readTable(table: Readonly<Record<string, unknown>>): OpenTable {
  const prices: OpenTable = {};
  for (const [key, bucket] of Object.entries(KEYS)) {
    const price = readNumber(table, key);
    // Zero beside a priced input means "no price of its own" in this list.
    if (price === undefined || (price === 0 && bucket !== "input" && bucket !== "output")) continue;
    prices[bucket] = toDecimalString(price, 0);
  }
  return prices;
}
