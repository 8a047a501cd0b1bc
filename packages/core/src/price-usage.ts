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
/** Buckets that most models do not bill: without a price they are free, not unpriced. */
const FREE_WITHOUT_PRICE: ReadonlySet<PriceBucket> = new Set(["requests"]);
const ATTO_PER_PICO = 10n ** BigInt(UNIT_PRICE_SCALE - MONEY_SCALE);
const SECONDS_DIVISOR = 10n ** BigInt(SECONDS_SCALE);

/**
 * Multiplies a usage (checked by `findUsageIssue`) with unit prices, exactly: each bucket is rounded once to 1e-12 USD, half away
 * from zero, and the total is the sum of the buckets. Unknown quantities count as none: whether that may be is the caller's question.
 */
export function priceUsage(usage: Usage, prices: UnitPrices): UsageCost {
  const lines: CostLine[] = [];
  let total = 0n;
  for (const [bucket, quantity, quantityScale] of splitUsage(usage)) {
    if (quantity === 0n) continue;
    const unitAttoUsd = findUnitPrice(prices, bucket);
    if (unitAttoUsd === undefined) {
      if (FREE_WITHOUT_PRICE.has(bucket)) continue;
      return { ok: false, reason: "no-price-for-bucket", bucket };
    }
    const divisor = quantityScale === 0 ? ATTO_PER_PICO : ATTO_PER_PICO * SECONDS_DIVISOR;
    const picoUsd = divideHalfUp(quantity * unitAttoUsd, divisor);
    total += picoUsd;
    lines.push({ bucket, quantity, quantityScale, unitAttoUsd, picoUsd });
  }
  return { ok: true, picoUsd: total, lines };
}

/** The price of a bucket, or of the nearest parent that has one. */
function findUnitPrice(prices: UnitPrices, bucket: PriceBucket): bigint | undefined {
  for (let at: PriceBucket | undefined = bucket; at !== undefined; at = PARENT[at]) {
    const price = prices[at];
    if (price !== undefined) return price;
  }
  return undefined;
}

type Quantity = readonly [bucket: PriceBucket, quantity: bigint, quantityScale: number];

/**
 * Cuts a usage into buckets that do not overlap. Providers do not say how many of the cached tokens were audio or image; where the
 * parts would exceed the total, the excess is taken from the modality, since it was billed as cached.
 */
function splitUsage(usage: Usage): Quantity[] {
  const [cacheRead, write5m, write1h] = [usage.cacheRead ?? 0, usage.cacheWrite5m ?? 0, usage.cacheWrite1h ?? 0];
  const cached = cacheRead + write5m + write1h;
  const input = usage.input ?? cached + (usage.audioIn ?? 0) + (usage.imageIn ?? 0);
  const audioIn = Math.min(usage.audioIn ?? 0, Math.max(input - cached, 0));
  const imageIn = Math.min(usage.imageIn ?? 0, Math.max(input - cached - audioIn, 0));
  const reasoning = usage.reasoning ?? 0;
  const output = usage.output ?? reasoning + (usage.audioOut ?? 0) + (usage.imageOut ?? 0);
  const audioOut = Math.min(usage.audioOut ?? 0, Math.max(output - reasoning, 0));
  const imageOut = Math.min(usage.imageOut ?? 0, Math.max(output - reasoning - audioOut, 0));
  return [
    ["input", BigInt(input - cached - audioIn - imageIn), 0],
    ["cache_read", BigInt(cacheRead), 0],
    ["cache_write_5m", BigInt(write5m), 0],
    ["cache_write_1h", BigInt(write1h), 0],
    ["audio_in", BigInt(audioIn), 0],
    ["image_in", BigInt(imageIn), 0],
    ["output", BigInt(output - reasoning - audioOut - imageOut), 0],
    ["reasoning", BigInt(reasoning), 0],
    ["audio_out", BigInt(audioOut), 0],
    ["image_out", BigInt(imageOut), 0],
    ["images", BigInt(usage.images ?? 0), 0],
    ["video_seconds", toSeconds(usage.videoSeconds), SECONDS_SCALE],
    ["audio_seconds", toSeconds(usage.audioSeconds), SECONDS_SCALE],
    ["characters", BigInt(usage.characters ?? 0), 0],
    ["web_search_requests", BigInt(usage.webSearchRequests ?? 0), 0],
    ["requests", 1n, 0],
  ];
}

function toSeconds(seconds: string | null): bigint {
  return seconds === null ? 0n : (parseDecimal(seconds, SECONDS_SCALE) ?? 0n);
}
