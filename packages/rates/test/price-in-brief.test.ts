import { type CallReading, type PlainCall, readSpan } from "@spancost/core";
import fc from "fast-check";
import { expect, it } from "vitest";
import { priceCall, priceCallInBrief } from "../src/index.ts";

const NOW_MS = Date.UTC(2026, 10, 20, 12);
const models = [
  ["openai", "gpt-4o-mini", "gpt-4o-mini-2024-07-18"],
  ["openai", "my-deployment", "gpt-5-mini"],
  ["openai", "gpt-5", "no-such-model"],
  ["anthropic", "claude-sonnet-4-5", "claude-sonnet-4-5-20250929"],
  ["gcp.gemini", "gemini-2.5-pro", ""],
  ["deepseek", "deepseek-chat", ""],
  ["perplexity", "sonar-pro", ""],
  ["nobody", "nothing", ""],
] as const;

const calls = fc
  .record({
    model: fc.constantFrom(...models),
    serviceTier: fc.constantFrom("", "default", "flex", "batch", " Priority "),
    inferenceRegion: fc.constantFrom("", "us", "eu"),
    input: fc.oneof(fc.nat(500_000), fc.constantFrom(-1, 0.5, Number.NaN, 2 ** 53)),
    cacheRead: fc.nat(1_000),
    cacheWrite5m: fc.nat(1_000),
    cacheWrite1h: fc.nat(100),
    output: fc.nat(100_000),
    reasoning: fc.nat(2_000),
    timeUnixMs: fc.integer({ min: Date.UTC(2024, 0), max: NOW_MS }),
  })
  .map(({ model: [provider, modelRequested, modelReported], ...rest }) => ({
    ...rest,
    provider: provider as string,
    modelRequested: modelRequested as string,
    modelReported: modelReported as string,
  }));

/** The reading of a span that has nothing but these figures. */
function toReading(call: PlainCall): CallReading {
  const attributes = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": call.provider,
    "gen_ai.request.model": call.modelRequested,
    "gen_ai.response.model": call.modelReported,
    "spancost.service_tier": call.serviceTier,
    "spancost.inference_region": call.inferenceRegion,
    "gen_ai.usage.input_tokens": call.input,
    "gen_ai.usage.output_tokens": call.output,
    "gen_ai.usage.cache_read.input_tokens": call.cacheRead,
    "gen_ai.usage.cache_write.input_tokens": call.cacheWrite5m + call.cacheWrite1h,
    "spancost.usage.cache_write_1h.input_tokens": call.cacheWrite1h,
    "gen_ai.usage.reasoning.output_tokens": call.reasoning,
  };
  const reading = readSpan({
    name: "chat",
    scopeName: "@spancost/instrumentation-openai",
    scopeVersion: "0.1.0",
    statusCode: 0,
    attributes,
    resourceAttributes: {},
    startTimeUnixNano: 0n,
    endTimeUnixNano: 1n,
  });
  if (reading === null) throw new Error("the span is no call");
  return reading;
}

it("gives what the full pricing gives, at every model, tier, region and time, or no verdict", () => {
  let verdicts = 0;
  fc.assert(
    fc.property(calls, ({ timeUnixMs, ...call }) => {
      const brief = priceCallInBrief(call, timeUnixMs);
      if (brief === null) return;
      verdicts += 1;
      expect(priceCall(toReading(call), timeUnixMs)).toMatchObject({ outcome: "priced", costPicoUsd: BigInt(brief) });
    }),
    { numRuns: 5_000 },
  );
  expect(verdicts).toBeGreaterThan(1_000);
});

it("follows a price that changes with the minute", () => {
  const call = {
    provider: "deepseek",
    modelRequested: "deepseek-chat",
    modelReported: "",
    serviceTier: "",
    inferenceRegion: "",
    input: 1_000_000,
    cacheRead: 0,
    cacheWrite5m: 0,
    cacheWrite1h: 0,
    output: 0,
    reasoning: 0,
  };
  const times = Array.from({ length: 24 * 60 }, (_, minute) => Date.UTC(2025, 5, 1) + minute * 60_000);
  const full = times.map((time) => {
    const priced = priceCall(toReading(call), time);
    return priced.outcome === "priced" ? Number(priced.costPicoUsd) : null;
  });
  expect(times.map((time) => priceCallInBrief(call, time))).toEqual(full);
  expect(new Set(full).size).toBeGreaterThan(1);
});
