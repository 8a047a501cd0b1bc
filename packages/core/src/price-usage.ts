import { SECONDS_SCALE } from "./check-usage.ts";
import { divideHalfUp, parseDecimal } from "./decimal.ts";
import type { Usage } from "./usage.ts";

/** Scale of a unit price: 1e-18 USD, fine enough for half of a price of 3.625e-9 USD a token, and for a tenth of that. */
export const UNIT_PRICE_SCALE = 18;
/** Scale of every amount of money in Spancost: 1e-12 USD, as `Decimal(38, 12)` in the ledger. */
export const MONEY_SCALE = 12;

/** What a provider bills apart. The buckets of one call never overlap: `input` here is what no other input bucket takes. */
export const PRICE_BUCKETS = [
  "input",
  "cache_read",
  "cache_write_5m",
  "cache_write_1h",
  "audio_in",
  "image_in",
  "output",
  "reasoning",
  "audio_out",
  "image_out",
  "images",
  "video_seconds",
  "audio_seconds",
  "characters",
  "web_search_requests",
  "requests",
] as const;
/** @see PRICE_BUCKETS */
export type PriceBucket = (typeof PRICE_BUCKETS)[number];

/** Price of one unit of each bucket (token, image, second, character, request) in 1e-18 USD. Absent: no price of its own. */
export type UnitPrices = { readonly [bucket in PriceBucket]?: bigint };

/** One line of a priced call. */
export interface CostLine {
  readonly bucket: PriceBucket;
  /** Units, scaled by `10 ** quantityScale`. */
  readonly quantity: bigint;
  /** 0 for counts, 9 for seconds. */
  readonly quantityScale: number;
  /** The price applied to one unit, in 1e-18 USD. */
  readonly unitAttoUsd: bigint;
  /** The line's amount in 1e-12 USD, rounded half away from zero. */
  readonly picoUsd: bigint;
}

/** The price of a usage, or the bucket that nothing prices. */
export type UsageCost =
  | { readonly ok: true; readonly picoUsd: bigint; readonly lines: readonly CostLine[] }
  | { readonly ok: false; readonly reason: "no-price-for-bucket"; readonly bucket: PriceBucket };

/** Where a bucket without a price of its own is billed. */
const PARENT: { readonly [bucket in PriceBucket]?: PriceBucket } = {
  cache_read: "input",
  cache_write_5m: "input",
  cache_write_1h: "cache_write_5m",
  audio_in: "input",
  image_in: "input",
  reasoning: "output",
  audio_out: "output",
  image_out: "output",
};
const ATTO_PER_PICO = 10n ** BigInt(UNIT_PRICE_SCALE - MONEY_SCALE);
const SECONDS_DIVISOR = ATTO_PER_PICO * 10n ** BigInt(SECONDS_SCALE);

/** A bucket's price, worked out once for a table of prices. */
interface Unit {
  readonly attoUsd: bigint;
  /** The price in whole 1e-12 USD, or 0 when it is no whole number of them: then only integers of any size are exact. */
  readonly picoUsd: number;
}
type Units = { readonly [bucket in PriceBucket]: Unit | undefined };

const UNITS = new WeakMap<UnitPrices, Units>();

/**
 * Multiplies a usage (checked by `findUsageIssue`) with unit prices, exactly: each bucket is rounded once to 1e-12 USD, half away
 * from zero, and the total is the sum of the buckets. Unknown quantities count as none: whether that may be is the caller's question.
 * A bucket without a price of its own is billed as its parent; one without parents' price either makes the whole call unpriced.
 */
export function priceUsage(usage: Usage, prices: UnitPrices): UsageCost {
  const units = unitsOf(prices);
  const lines: CostLine[] = [];
  const missing = addTokens(lines, usage, units) ?? addOthers(lines, usage, units);
  if (missing !== null) return { ok: false, reason: "no-price-for-bucket", bucket: missing };
  let picoUsd = 0n;
  for (const line of lines) picoUsd += line.picoUsd;
  return { ok: true, picoUsd, lines };
}

/** Calls of one model come one after the other: looking at the last prices first spares most look-ups. */
let last: { readonly prices: UnitPrices; readonly units: Units } | undefined;

function unitsOf(prices: UnitPrices): Units {
  if (last !== undefined && last.prices === prices) return last.units;
  let units = UNITS.get(prices);
  if (units === undefined) UNITS.set(prices, (units = compileUnits(prices)));
  last = { prices, units };
  return units;
}

function compileUnits(prices: UnitPrices): Units {
  const units: { [bucket in PriceBucket]?: Unit | undefined } = {};
  for (const bucket of PRICE_BUCKETS) {
    const attoUsd = findUnitPrice(prices, bucket);
    if (attoUsd === undefined) units[bucket] = undefined;
    else units[bucket] = { attoUsd, picoUsd: attoUsd % ATTO_PER_PICO === 0n ? Number(attoUsd / ATTO_PER_PICO) : 0 };
  }
  return units as Units;
}

/** The price of a bucket, or of the nearest parent that has one. */
function findUnitPrice(prices: UnitPrices, bucket: PriceBucket): bigint | undefined {
  for (let at: PriceBucket | undefined = bucket; at !== undefined; at = PARENT[at]) {
    const price = prices[at];
    if (price !== undefined) return price;
  }
  return undefined;
}

/**
 * Cuts the tokens into buckets that do not overlap. Providers do not say how many of the cached tokens were audio or image; where the
 * parts would exceed the total, the excess is taken from the modality, since it was billed as cached.
 * @returns the bucket that has no price, or `null`
 */
function addTokens(lines: CostLine[], usage: Usage, units: Units): PriceBucket | null {
  const { cacheRead, cacheWrite5m, cacheWrite1h, reasoning } = usage;
  const cached = (cacheRead ?? 0) + (cacheWrite5m ?? 0) + (cacheWrite1h ?? 0);
  const input = usage.input ?? cached + (usage.audioIn ?? 0) + (usage.imageIn ?? 0);
  const audioIn = Math.min(usage.audioIn ?? 0, Math.max(input - cached, 0));
  const imageIn = Math.min(usage.imageIn ?? 0, Math.max(input - cached - audioIn, 0));
  const thought = reasoning ?? 0;
  const output = usage.output ?? thought + (usage.audioOut ?? 0) + (usage.imageOut ?? 0);
  const audioOut = Math.min(usage.audioOut ?? 0, Math.max(output - thought, 0));
  const imageOut = Math.min(usage.imageOut ?? 0, Math.max(output - thought - audioOut, 0));
  return (
    addCount(lines, "input", input - cached - audioIn - imageIn, units) ??
    addCount(lines, "cache_read", cacheRead, units) ??
    addCount(lines, "cache_write_5m", cacheWrite5m, units) ??
    addCount(lines, "cache_write_1h", cacheWrite1h, units) ??
    addCount(lines, "audio_in", audioIn, units) ??
    addCount(lines, "image_in", imageIn, units) ??
    addCount(lines, "output", output - thought - audioOut - imageOut, units) ??
    addCount(lines, "reasoning", thought, units) ??
    addCount(lines, "audio_out", audioOut, units) ??
    addCount(lines, "image_out", imageOut, units)
  );
}

/** Tokens of a text call, each part inside its total as in `Usage`; 0 where there are none. */
export interface TokenCounts {
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite5m: number;
  readonly cacheWrite1h: number;
  readonly output: number;
  readonly reasoning: number;
}

/**
 * What `priceUsage` gives for a text call, in 1e-12 USD, worked out in doubles where these are exact; `null` where they may not be, and
 * for counts or prices that are out of the ordinary, which is no verdict: ask `priceUsage`.
 */
export function priceTokens(counts: TokenCounts, prices: UnitPrices): number | null {
  const { input, cacheRead, cacheWrite5m, cacheWrite1h, output, reasoning } = counts;
  const uncached = input - cacheRead - cacheWrite5m - cacheWrite1h;
  const answer = output - reasoning;
  const units = unitsOf(prices);
  if (units.requests !== undefined) return null;
  const picoUsd =
    multiply(uncached, units.input) +
    multiply(cacheRead, units.cache_read) +
    multiply(cacheWrite5m, units.cache_write_5m) +
    multiply(cacheWrite1h, units.cache_write_1h) +
    multiply(answer, units.output) +
    multiply(reasoning, units.reasoning);
  return picoUsd <= Number.MAX_SAFE_INTEGER ? picoUsd : null;
}

/** Whole 1e-12 USD, or NaN when the count is no count, or the price no whole number of them. */
function multiply(count: number, unit: Unit | undefined): number {
  if (count === 0) return 0;
  if (unit === undefined || unit.picoUsd === 0 || !(count > 0) || !Number.isSafeInteger(count)) return Number.NaN;
  return count * unit.picoUsd;
}

/** What is not billed by the token. A fee a request is due when the call consumed anything, and only where a model has one. */
function addOthers(lines: CostLine[], usage: Usage, units: Units): PriceBucket | null {
  const missing =
    addCount(lines, "images", isBilledAsTokens(usage, units) ? 0 : usage.images, units) ??
    addSeconds(lines, "video_seconds", usage.videoSeconds, units) ??
    addSeconds(lines, "audio_seconds", usage.audioSeconds, units) ??
    addCount(lines, "characters", usage.characters, units) ??
    addCount(lines, "web_search_requests", usage.webSearchRequests, units);
  if (missing !== null || units.requests === undefined || lines.length === 0) return missing;
  return addCount(lines, "requests", 1, units);
}

/** Where the tokens of the images are given and priced, the number of images says the same thing once more. */
function isBilledAsTokens(usage: Usage, units: Units): boolean {
  return (usage.imageOut ?? 0) > 0 && units.image_out !== undefined;
}

function addCount(lines: CostLine[], bucket: PriceBucket, count: number | null, units: Units): PriceBucket | null {
  if (count === null || count === 0) return null;
  const unit = units[bucket];
  if (unit === undefined) return bucket;
  const product = count * unit.picoUsd;
  const quantity = BigInt(count);
  // Whole 1e-12 USD within the exact range of a double need no rounding; everything else is worked out in integers.
  const picoUsd =
    product > 0 && product <= Number.MAX_SAFE_INTEGER
      ? BigInt(product)
      : divideHalfUp(quantity * unit.attoUsd, ATTO_PER_PICO);
  lines.push({ bucket, quantity, quantityScale: 0, unitAttoUsd: unit.attoUsd, picoUsd });
  return null;
}

function addSeconds(lines: CostLine[], bucket: PriceBucket, seconds: string | null, units: Units): PriceBucket | null {
  const quantity = seconds === null ? 0n : (parseDecimal(seconds, SECONDS_SCALE) ?? 0n);
  if (quantity === 0n) return null;
  const unit = units[bucket];
  if (unit === undefined) return bucket;
  const picoUsd = divideHalfUp(quantity * unit.attoUsd, SECONDS_DIVISOR);
  lines.push({ bucket, quantity, quantityScale: SECONDS_SCALE, unitAttoUsd: unit.attoUsd, picoUsd });
  return null;
}
