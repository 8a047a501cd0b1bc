import fc from "fast-check";
import { type PriceBucket, priceUsage, type UnitPrices, type Usage, UNKNOWN_USAGE } from "@spancost/core";
import { describe, expect, it } from "vitest";

const ATTO_PER_MICRO = 1_000_000_000_000n;
/** Prices in micro-USD a unit. */
const inMicroUsd = (prices: { readonly [bucket in PriceBucket]?: number }): UnitPrices =>
  Object.fromEntries(Object.entries(prices).map(([bucket, price]) => [bucket, BigInt(price) * ATTO_PER_MICRO]));
const use = (usage: Partial<Usage>): Usage => ({ ...UNKNOWN_USAGE, ...usage });
const bucketsOf = (usage: Partial<Usage>, prices: UnitPrices): string[] => {
  const cost = priceUsage(use(usage), prices);
  return cost.ok ? cost.lines.map(({ bucket, quantity }) => `${bucket} ${quantity}`) : [cost.reason, cost.bucket];
};
const TEXT = inMicroUsd({ input: 2, output: 10 });

describe("priceUsage", () => {
  it("cuts totals into parts that do not overlap", () => {
    const usage = {
      input: 100,
      cacheRead: 10,
      cacheWrite5m: 20,
      cacheWrite1h: 5,
      audioIn: 15,
      imageIn: 7,
      output: 50,
      reasoning: 20,
      audioOut: 5,
      imageOut: 1,
    };
    expect(bucketsOf(usage, TEXT)).toEqual([
      "input 43",
      "cache_read 10",
      "cache_write_5m 20",
      "cache_write_1h 5",
      "audio_in 15",
      "image_in 7",
      "output 24",
      "reasoning 20",
      "audio_out 5",
      "image_out 1",
    ]);
  });
  it("takes what parts exceed the total by from the modality: it was billed as cached", () => {
    expect(bucketsOf({ input: 100, cacheRead: 90, audioIn: 40 }, TEXT)).toEqual(["cache_read 90", "audio_in 10"]);
    expect(bucketsOf({ output: 100, reasoning: 90, audioOut: 40 }, TEXT)).toEqual(["reasoning 90", "audio_out 10"]);
  });
  it("bills a bucket without a price at the nearest parent's", () => {
    const cost = priceUsage(
      use({ input: 30, cacheWrite1h: 10, cacheRead: 10 }),
      inMicroUsd({ input: 2, cache_write_5m: 3 }),
    );
    expect(cost.ok && cost.lines.map(({ bucket, unitAttoUsd }) => [bucket, unitAttoUsd / ATTO_PER_MICRO])).toEqual([
      ["input", 2n],
      ["cache_read", 2n],
      ["cache_write_1h", 3n],
    ]);
  });
  it("names the bucket that nothing prices, instead of dropping it", () => {
    expect(priceUsage(use({ input: 1, images: 2 }), TEXT)).toEqual({
      ok: false,
      reason: "no-price-for-bucket",
      bucket: "images",
    });
    expect(priceUsage(use({ webSearchRequests: 1 }), TEXT)).toEqual({
      ok: false,
      reason: "no-price-for-bucket",
      bucket: "web_search_requests",
    });
  });
  it("charges a request fee once for a call that consumed anything, and none for one that did not", () => {
    const prices = { ...TEXT, ...inMicroUsd({ requests: 5_000 }) };
    expect(bucketsOf({ input: 1 }, prices)).toEqual(["input 1", "requests 1"]);
    expect(bucketsOf({ input: 0, output: 0 }, prices)).toEqual([]);
  });
  it("does not charge images again whose tokens are charged", () => {
    const prices = { ...TEXT, ...inMicroUsd({ images: 40_000, image_out: 30 }) };
    expect(bucketsOf({ output: 10, imageOut: 10, images: 1 }, prices)).toEqual(["image_out 10"]);
    expect(bucketsOf({ images: 1 }, prices)).toEqual(["images 1"]);
  });
  it("multiplies seconds as exact decimals", () => {
    expect(priceUsage(use({ audioSeconds: "12.345678901" }), { audio_seconds: 100_000_000_000_000n })).toMatchObject({
      ok: true,
      picoUsd: 1_234_567_890n,
    });
  });
  it("rounds each bucket once, half away from zero: 1.5e-12 and 2.5e-12 USD are 2 and 3", () => {
    const cost = priceUsage(use({ input: 1, output: 1 }), { input: 1_500_000n, output: 2_500_000n });
    expect(cost).toMatchObject({ ok: true, picoUsd: 5n });
  });
  it("is exact beyond the integers of a double", () => {
    const cost = priceUsage(use({ input: Number.MAX_SAFE_INTEGER }), inMicroUsd({ input: 999_999 }));
    expect(cost).toMatchObject({ ok: true, picoUsd: BigInt(Number.MAX_SAFE_INTEGER) * 999_999n * 1_000_000n });
  });
  it("counts unknown quantities as none", () => {
    expect(priceUsage(UNKNOWN_USAGE, TEXT)).toEqual({ ok: true, picoUsd: 0n, lines: [] });
  });

  it("the fast path and plain integers give the same for any price and count", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 16n }), fc.nat(), fc.nat(), (price, input, output) => {
        const cost = priceUsage(use({ input, output }), { input: price, output: price * 3n });
        const exact = (count: number, unit: bigint): bigint => (BigInt(count) * unit + 500_000n) / 1_000_000n;
        expect(cost).toMatchObject({ ok: true, picoUsd: exact(input, price) + exact(output, price * 3n) });
      }),
    );
  });
});
