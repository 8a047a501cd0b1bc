import fc from "fast-check";
import { formatDecimal, parseDecimal } from "@spancost/core";
import { describe, expect, it } from "vitest";
import { priceRequest } from "@spancost/rates";

const CALL = { id: 7, provider: "openai", model: "gpt-4o", timestamp: "2026-01-01T00:00:00Z" };
const BUCKETS = [
  "input_total",
  "cache_read",
  "cache_write_5m",
  "cache_write_1h",
  "output",
  "reasoning",
  "audio_in",
  "audio_out",
  "image_in",
  "image_out",
  "images",
  "characters",
  "web_search_requests",
] as const;

describe("priceRequest", () => {
  it("answers in the contract's form", () => {
    expect(
      priceRequest({ ...CALL, usage: { input_total: 1_000, cache_read: 400, output: 10, reasoning: null } }),
    ).toEqual({
      id: 7,
      outcome: "priced",
      usd: "0.0021",
      rate: { provider: "openai", model: "gpt-4o", version: "2024-10-02", inferred: false },
      lines: [
        { bucket: "input", quantity: 600, unit_usd: "0.0000025", usd: "0.0015" },
        { bucket: "cache_read", quantity: 400, unit_usd: "0.00000125", usd: "0.0005" },
        { bucket: "output", quantity: 10, unit_usd: "0.00001", usd: "0.0001" },
      ],
    });
  });
  it("writes keys in the contract's order", () => {
    expect(Object.keys(priceRequest({ ...CALL, usage: {} }))).toEqual(["id", "outcome", "usd", "rate", "lines"]);
    expect(Object.keys(priceRequest({ ...CALL, usage: { input_total: -1 } }))).toEqual([
      "id",
      "outcome",
      "usd",
      "reason",
      "rate",
      "lines",
    ]);
  });
  it.each([
    [{ ...CALL, timestamp: "then", usage: {} }, "bad-timestamp"],
    [{ ...CALL, timestamp: undefined, usage: {} }, "bad-timestamp"],
    [{ ...CALL, usage: undefined }, "no-usage"],
    [{ ...CALL, usage: { input_total: "12" } }, "not-a-number: input_total"],
    [{ ...CALL, usage: { input_tokens: 12 } }, "unknown-bucket: input_tokens"],
    [{ ...CALL, model: 4, usage: {} }, "model-not-a-string"],
    [[], "not-an-object"],
    [null, "not-an-object"],
  ])("rejects %j: %s", (request, reason) => {
    expect(priceRequest(request)).toMatchObject({ outcome: "rejected", usd: null, reason });
  });
  it("reads times with and without a zone, and Unix times of any unit, as the same moment", () => {
    const times = [
      "2026-01-01",
      "2026-01-01T00:00:00",
      "2026-01-01 00:00:00Z",
      "2026-01-01T01:00:00+01:00",
      1_767_225_600,
      1_767_225_600_000,
      "1767225600000000000",
    ];
    const deepseek = times.map(
      (timestamp) =>
        priceRequest({ ...CALL, provider: "openai", model: "gpt-4o", timestamp, usage: { output: 1 } }).rate?.version,
    );
    expect(new Set(deepseek)).toEqual(new Set(["2024-10-02"]));
  });
  it("takes seconds as numbers and as decimal strings", () => {
    const seconds = (value: unknown): unknown =>
      priceRequest({ ...CALL, model: "whisper-1", usage: { audio_seconds: value } }).usd;
    expect(seconds(12.48)).toBe("0.001248");
    expect(seconds("12.48")).toBe("0.001248");
  });
});

const count = fc.integer({ min: 0, max: 10_000_000 });
/** A possible usage: totals are the sums of their parts and a rest. */
const usage = fc
  .record({
    text: count,
    cache_read: count,
    cache_write_5m: count,
    cache_write_1h: count,
    audio_in: count,
    image_in: count,
    answer: count,
    reasoning: count,
    audio_out: count,
    image_out: count,
  })
  .map(({ text, answer, ...parts }) => ({
    ...parts,
    input_total:
      text + parts.cache_read + parts.cache_write_5m + parts.cache_write_1h + parts.audio_in + parts.image_in,
    output: answer + parts.reasoning + parts.audio_out + parts.image_out,
  }));
const model = fc.constantFrom(
  ["openai", "gpt-5.4"],
  ["anthropic", "claude-sonnet-4-5"],
  ["google", "gemini-2.5-pro"],
  ["openai", "gpt-realtime"],
  ["google", "gemini-2.5-flash-image"],
  ["xai", "grok-4"],
);
const tier = fc.constantFrom("", "batch", "flex", "priority", "fast");

describe("properties of pricing", () => {
  it("words of the language are no tiers, regions, providers or models", () => {
    const words = ["constructor", "__proto__", "toString", "hasOwnProperty", "prototype"];
    for (const word of words) {
      const plain = { ...CALL, usage: { output: 1_000 } };
      expect(priceRequest({ ...plain, service_tier: word, inference_region: word }).usd).toBe("0.01");
      expect(priceRequest({ ...plain, provider: word, model: word }).outcome).toBe("unpriced");
      expect(priceRequest({ ...plain, usage: { [word]: 1 } }).outcome).not.toBe("unpriced");
    }
  });

  it("no input makes priceRequest throw", () => {
    fc.assert(
      fc.property(fc.anything(), (input) => {
        expect(["priced", "unpriced", "rejected"]).toContain(priceRequest(input).outcome);
      }),
    );
    fc.assert(
      fc.property(
        fc.record({
          id: fc.anything(),
          provider: fc.anything(),
          model: fc.anything(),
          timestamp: fc.anything(),
          usage: fc.dictionary(fc.constantFrom(...BUCKETS, "audio_seconds", "x"), fc.anything()),
        }),
        (input) => {
          expect(["priced", "unpriced", "rejected"]).toContain(priceRequest(input).outcome);
        },
      ),
    );
    fc.assert(
      fc.property(fc.string(), fc.string(), (provider, name) => {
        expect(["priced", "unpriced"]).toContain(priceRequest({ ...CALL, provider, model: name, usage: {} }).outcome);
      }),
    );
  });

  it("the sum of the lines is the total, to the last digit", () => {
    fc.assert(
      fc.property(model, tier, usage, ([provider, name], service_tier, given) => {
        const response = priceRequest({ ...CALL, provider, model: name, service_tier, usage: given });
        expect(response.outcome).toBe("priced");
        const sum = response.lines.reduce((total, line) => total + (parseDecimal(line.usd, 12) ?? 0n), 0n);
        expect(response.usd).toBe(formatDecimal(sum, 12));
      }),
    );
  });

  it("every line is its quantity times its price, rounded half away from zero to 1e-12", () => {
    fc.assert(
      fc.property(model, usage, ([provider, name], given) => {
        for (const line of priceRequest({ ...CALL, provider, model: name, usage: given }).lines) {
          const exact = BigInt(line.quantity) * (parseDecimal(line.unit_usd, 18) ?? 0n);
          expect(line.usd).toBe(formatDecimal((exact + 500_000n) / 1_000_000n, 12));
        }
      }),
    );
  });

  it("costs never fall when usage grows", () => {
    fc.assert(
      fc.property(model, tier, count, count, count, ([provider, name], service_tier, input, output, more) => {
        const cost = (input_total: number, out: number): bigint =>
          parseDecimal(
            priceRequest({ ...CALL, provider, model: name, service_tier, usage: { input_total, output: out } }).usd ??
              "0",
            12,
          ) ?? 0n;
        expect(cost(input + more, output)).toBeGreaterThanOrEqual(cost(input, output));
        expect(cost(input, output + more)).toBeGreaterThanOrEqual(cost(input, output));
      }),
    );
  });
});
