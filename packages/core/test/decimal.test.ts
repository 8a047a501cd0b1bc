import fc from "fast-check";
import { decimalFromNumber, divideHalfUp, formatDecimal, parseDecimal } from "@spancost/core";
import { describe, expect, it } from "vitest";

describe("parseDecimal", () => {
  it.each([
    ["0", 12, 0n],
    ["1.5", 3, 1_500n],
    ["-0.25", 2, -25n],
    ["+7", 0, 7n],
    [".5", 1, 5n],
    ["5.", 1, 50n],
    ["3.625e-9", 18, 3_625_000_000n],
    ["1E3", 0, 1_000n],
    ["0.10", 1, 1n],
    [" 12 ", 0, 12n],
  ])("reads %s at scale %i", (text, scale, value) => {
    expect(parseDecimal(text, scale)).toBe(value);
  });
  it.each(["", ".", "-", "1,5", "0x10", "NaN", "Infinity", "1e", "1 2", "1".repeat(101)])(
    "reads %j as no numeral",
    (text) => {
      expect(parseDecimal(text, 12)).toBeNull();
    },
  );
  it("refuses digits finer than the scale instead of dropping them", () => {
    expect(parseDecimal("0.0001", 3)).toBeNull();
    expect(parseDecimal("1e-999", 12)).toBeNull();
  });
});

describe("formatDecimal", () => {
  it("writes plain numerals without trailing zeros", () => {
    expect([
      formatDecimal(0n, 12),
      formatDecimal(12_500_000_000n, 12),
      formatDecimal(-5n, 1),
      formatDecimal(7n, 0),
      formatDecimal(1n, 12),
    ]).toEqual(["0", "0.0125", "-0.5", "7", "0.000000000001"]);
  });
  it("round trips with parseDecimal", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
        fc.integer({ min: 0, max: 20 }),
        (value, scale) => {
          expect(parseDecimal(formatDecimal(value, scale), scale)).toBe(value);
        },
      ),
    );
  });
  it("no text makes parseDecimal throw", () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 0, max: 40 }), (text, scale) => {
        expect(["bigint", "object"]).toContain(typeof parseDecimal(text, scale));
      }),
    );
  });
});

describe("decimalFromNumber", () => {
  it("reads a double as its author wrote it", () => {
    expect(decimalFromNumber(0.1, 12)).toBe(100_000_000_000n);
    expect(decimalFromNumber(2.5e-6, 12)).toBe(2_500_000n);
    expect(decimalFromNumber(Number.NaN, 12)).toBeNull();
    expect(decimalFromNumber(Number.POSITIVE_INFINITY, 12)).toBeNull();
  });
});

describe("divideHalfUp", () => {
  it("rounds half away from zero", () => {
    expect([divideHalfUp(14n, 10n), divideHalfUp(15n, 10n), divideHalfUp(25n, 10n), divideHalfUp(0n, 3n)]).toEqual([
      1n,
      2n,
      3n,
      0n,
    ]);
  });
});
