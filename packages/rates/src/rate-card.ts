import { divideHalfUp, PRICE_BUCKETS, parseDecimal, type UnitPrices } from "@spancost/core";
import type {
  ContextEntry,
  ModelEntry,
  PriceEntry,
  PriceTable,
  RateEntry,
  RegionEntry,
  TierEntry,
  WindowEntry,
} from "./catalog-format.ts";

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

/** Prices in a part of the day. */
interface CardWindow {
  readonly fromMinute: number;
  readonly toMinute: number;
  readonly weekdays: readonly number[] | null;
  readonly weekdayOffsetMinutes: number;
  readonly name: string;
  readonly card: CardPrices;
}

/** Prices from a moment on. */
export interface CardSegment {
  readonly fromMs: number;
  /** Start as the catalogue writes it, or "first". */
  readonly from: string;
  readonly card: CardPrices;
  readonly windows: readonly CardWindow[];
  /** Part of the version that says which tier and region. */
  readonly variant: string;
  readonly inferred: boolean;
  /** `false` when only one price list has the price. */
  readonly verified: boolean;
}

/** A model's prices over time for one service tier and one region. */
export type Timeline = readonly CardSegment[];

const NO_TIME = Number.NEGATIVE_INFINITY;
const MINUTE_MS = 60_000;
const DAY_MINUTES = 1440;

/** Compiles a model's dated prices for one service tier ("" is standard) and region ("" is not told). */
export function buildTimeline(
  model: ModelEntry,
  tier: string,
  region: string,
  tierFactors: Readonly<Record<string, string>>,
): Timeline {
  return model.rates.map((rate) => buildSegment(rate, tier, region, tierFactors));
}

function buildSegment(
  rate: RateEntry,
  tier: string,
  region: string,
  tierFactors: Readonly<Record<string, string>>,
): CardSegment {
  const regionKey = findRegionKey(rate.regions ?? {}, region);
  const regional = regionKey === null ? undefined : rate.regions?.[regionKey];
  const owner =
    regional !== undefined && "prices" in regional
      ? { ...regional, tiers: regional.tiers ?? listFactorTiers(rate) }
      : rate;
  const served = pickTier(owner, tier, tierFactors);
  const factor = regional !== undefined && "factor" in regional ? regional.factor : null;
  const card = factor === null ? served.card : scaleCard(served.card, factor);
  const standard = tier === "" && owner === rate;
  return {
    fromMs: rate.from === undefined ? NO_TIME : Date.parse(rate.from),
    from: rate.from ?? "first",
    card,
    windows: standard ? (rate.windows ?? []).map((window) => buildWindow(window, factor)) : [],
    variant: [tier, regional === undefined ? "" : region].filter((part) => part !== "").join("+"),
    inferred: served.inferred,
    verified: rate.confidence !== "single",
  };
}

/** A region with prices of its own has the discounts of the model; prices of a tier are prices of one region. */
function listFactorTiers({ tiers = {} }: RateEntry): Readonly<Record<string, TierEntry>> {
  return Object.fromEntries(
    Object.entries(tiers).flatMap(([name, { factor }]) => (factor === undefined ? [] : [[name, { factor }]])),
  );
}

function pickTier(
  owner: PriceEntry & { readonly tiers?: Readonly<Record<string, TierEntry>> },
  tier: string,
  factors: Readonly<Record<string, string>>,
): { card: CardPrices; inferred: boolean } {
  const base = parsePriceEntry(owner);
  if (tier === "") return { card: base, inferred: false };
  const own = owner.tiers?.[tier];
  if (own !== undefined) return { card: applyTier(base, own), inferred: false };
  const factor = factors[tier];
  return { card: factor === undefined ? base : scaleCard(base, factor), inferred: true };
}

/** A tier with a factor inherits what it does not state; one without states everything. */
function applyTier(base: CardPrices, { factor, prices = {}, context = [] }: TierEntry): CardPrices {
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

function buildWindow(window: WindowEntry, factor: string | null): CardWindow {
  const card = parsePriceEntry(window);
  return {
    fromMinute: parseMinute(window.hours[0]),
    toMinute: parseMinute(window.hours[1]),
    weekdays: window.weekdays ?? null,
    weekdayOffsetMinutes: window.weekdayOffsetMinutes ?? 0,
    name: window.hours.join("-"),
    card: factor === null ? card : scaleCard(card, factor),
  };
}

function parseMinute(text: string): number {
  const [hours = "", minutes = ""] = text.split(":");
  return Number(hours) * 60 + Number(minutes);
}

/** The most specific entry of a region: itself, its continent, or any region that is not the global endpoint. */
function findRegionKey(regions: Readonly<Record<string, RegionEntry>>, region: string): string | null {
  if (region === "") return null;
  if (region in regions) return region;
  const continent = region.split("-")[0] ?? "";
  if (continent in regions) return continent;
  return "*" in regions && continent !== "global" ? "*" : null;
}

/** The segment in force at a moment; before the first one, the first. */
export function findSegment(timeline: Timeline, timeUnixMs: number): CardSegment | undefined {
  for (let index = timeline.length - 1; index > 0; index--) {
    const segment = timeline[index];
    if (segment !== undefined && timeUnixMs >= segment.fromMs) return segment;
  }
  return timeline[0];
}

/** The window in force at a moment, or `undefined`. */
export function findWindow(segment: CardSegment, timeUnixMs: number): CardWindow | undefined {
  if (segment.windows.length === 0) return undefined;
  const date = new Date(timeUnixMs);
  const minute = date.getUTCHours() * 60 + date.getUTCMinutes();
  return segment.windows.find((window) => isInWindow(window, minute, timeUnixMs));
}

function isInWindow(window: CardWindow, minute: number, timeUnixMs: number): boolean {
  const length = (window.toMinute - window.fromMinute + DAY_MINUTES) % DAY_MINUTES;
  const into = (minute - window.fromMinute + DAY_MINUTES) % DAY_MINUTES;
  if (into >= length) return false;
  return (
    window.weekdays === null ||
    window.weekdays.includes(new Date(timeUnixMs + window.weekdayOffsetMinutes * MINUTE_MS).getUTCDay())
  );
}
