import { divideHalfUp, PRICE_BUCKETS, parseDecimal, type UnitPrices } from "@spancost/core";
import type { ContextEntry, PriceEntry, PriceTable, TierEntry } from "./catalog-format.ts";

/** Unit prices of a call from a context length on. */
export interface ContextTier {
  /** The tier applies to prompts strictly longer than this. */
  readonly aboveInputTokens: number;
  readonly prices: UnitPrices;
}

/** Prices in force at a moment, before context length. */
export interface CardPrices {
  readonly prices: UnitPrices;
  readonly contextTiers: readonly ContextTier[];
}

/** Prices per million tokens or characters have 12 more digits to go to 1e-18 USD a token; per-unit prices 18. */
const PER_MILLION_SCALE = 12;
const PER_UNIT_SCALE = 18;
const PER_UNIT: ReadonlySet<string> = new Set([
  "images",
  "video_seconds",
  "audio_seconds",
  "web_search_requests",
  "requests",
]);
const FACTOR_SCALE = 6;
const FACTOR_ONE = 10n ** BigInt(FACTOR_SCALE);

/** Reads a price table of the catalogue. */
export function parsePrices(table: PriceTable): UnitPrices {
  const prices: { [bucket: string]: bigint } = {};
  for (const bucket of PRICE_BUCKETS) {
    const text = table[bucket];
    if (text === undefined) continue;
    const price = parseDecimal(text, PER_UNIT.has(bucket) ? PER_UNIT_SCALE : PER_MILLION_SCALE);
    if (price === null || price < 0n) throw new RangeError(`"${text}" is no price for ${bucket}.`);
    prices[bucket] = price;
  }
  return prices;
}

/** Reads prices with their context tiers. */
export function parsePriceEntry(entry: PriceEntry): CardPrices {
  const contextTiers = (entry.context ?? []).map(({ above, prices }: ContextEntry) => ({
    aboveInputTokens: above,
    prices: parsePrices(prices),
  }));
  return { prices: parsePrices(entry.prices), contextTiers };
}

/** Multiplies every token price with a factor of up to six decimals, exactly for prices of up to six decimals a million. */
export function scaleCard(card: CardPrices, factor: string): CardPrices {
  const scaled = parseDecimal(factor, FACTOR_SCALE);
  if (scaled === null || scaled < 0n) throw new RangeError(`"${factor}" is no factor.`);
  return {
    prices: scalePrices(card.prices, scaled),
    contextTiers: card.contextTiers.map((tier) => ({ ...tier, prices: scalePrices(tier.prices, scaled) })),
  };
}

function scalePrices(prices: UnitPrices, factor: bigint): UnitPrices {
  const scaled: { [bucket: string]: bigint } = {};
  for (const [bucket, price] of Object.entries(prices))
    scaled[bucket] = PER_UNIT.has(bucket) ? price : divideHalfUp(price * factor, FACTOR_ONE);
  return scaled;
}

/** A tier with a factor inherits what it does not state; one without states everything. */
export function applyTier(base: CardPrices, { factor, prices = {}, context = [] }: TierEntry): CardPrices {
  if (factor === undefined) return parsePriceEntry({ prices, context });
  const scaled = scaleCard(base, factor);
  const stated = new Map(context.map(({ above, prices: table }) => [above, parsePrices(table)]));
  const lengths = [
    ...new Set([...scaled.contextTiers.map(({ aboveInputTokens }) => aboveInputTokens), ...stated.keys()]),
  ].sort((a, b) => a - b);
  const own = parsePrices(prices);
  return {
    prices: { ...scaled.prices, ...own },
    contextTiers: lengths.map((aboveInputTokens) => {
      const inherited = scaled.contextTiers.find((tier) => tier.aboveInputTokens === aboveInputTokens)?.prices ?? {
        ...scaled.prices,
        ...own,
      };
      return { aboveInputTokens, prices: { ...inherited, ...stated.get(aboveInputTokens) } };
    }),
  };
}
