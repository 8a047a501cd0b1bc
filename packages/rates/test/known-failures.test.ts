import { describe, expect, it } from "vitest";
import { createPricer, getDefaultCatalog } from "@spancost/rates";
import { priceOf, TENTH_EACH, usdOf } from "./price-of.ts";

// What other products got wrong in public, by their issue numbers; each test holds the opposite.
const SONNET = { provider: "anthropic", model: "claude-sonnet-4-5" };
const BEDROCK_SONNET = { provider: "aws.bedrock", model: "us.anthropic.claude-sonnet-4-5-20250929-v1:0" };

describe("cache and reasoning tokens", () => {
  it("litellm#9812: cache creation is billed once", () => {
    const { lines, usd } = priceOf({ ...SONNET, usage: { input_total: 1_000, cache_write_5m: 400, output: 0 } });
    expect(lines.map(({ bucket, quantity }) => [bucket, quantity])).toEqual([
      ["input", 600],
      ["cache_write_5m", 400],
    ]);
    expect(usd).toBe("0.0033");
  });
  it("litellm#11364: Bedrock Claude's cached tokens have Bedrock's cache price", () => {
    expect(usdOf({ ...BEDROCK_SONNET, usage: { input_total: 100_000, cache_read: 100_000 } })).toBe("0.033");
  });
  it("litellm#33772: cache writes are not dropped", () => {
    expect(usdOf({ ...SONNET, usage: { input_total: 100, cache_write_5m: 50, cache_write_1h: 50 } })).toBe("0.0004875");
  });
  it("litellm#16377: above 200k tokens the cache has the long prompt's price", () => {
    expect(usdOf({ ...SONNET, usage: { input_total: 200_001, cache_read: 200_001 } })).toBe("0.1200006");
  });
  it("litellm#18599: reasoning is not the only output that is billed", () => {
    expect(usdOf({ provider: "openai", model: "o3", usage: { output: 1_000, reasoning: 200 } })).toBe("0.008");
  });
  it("langfuse#12306 #10592 #5568: cached tokens inside the input are not counted again", () => {
    expect(usdOf({ provider: "openai", model: "gpt-4o", usage: { input_total: 1_000, cache_read: 800 } })).toBe(
      "0.0015",
    );
  });
  it("langfuse#11244: reasoning is not added on top of the output", () => {
    const { lines } = priceOf({ provider: "openai", model: "gpt-5", usage: { output: 1_000, reasoning: 1_000 } });
    expect(lines).toEqual([{ bucket: "reasoning", quantity: 1_000, unit_usd: "0.00001", usd: "0.01" }]);
  });
  it("phoenix#13379: every part of the cache split has its own line", () => {
    const { lines } = priceOf({
      ...SONNET,
      usage: { input_total: 100, cache_read: 20, cache_write_5m: 30, cache_write_1h: 40 },
    });
    expect(lines.map(({ bucket, quantity }) => `${bucket} ${quantity}`)).toEqual([
      "input 10",
      "cache_read 20",
      "cache_write_5m 30",
      "cache_write_1h 40",
    ]);
  });
  it("bifrost#904: cached tokens are not billed at the input rate", () => {
    expect(usdOf({ provider: "openai", model: "gpt-4.1", usage: { input_total: 1_000, cache_read: 1_000 } })).toBe(
      "0.0005",
    );
  });
});

describe("model and price matching", () => {
  it("langfuse#13325: a call through an inference-profile ARN does not cost $0", () => {
    const model =
      "arn:aws:bedrock:eu-central-1:123456789012:inference-profile/eu.anthropic.claude-haiku-4-5-20251001-v1:0";
    expect(usdOf({ provider: "aws.bedrock", model, usage: TENTH_EACH })).toBe("0.66");
  });
  it("langfuse#6655: the `us.` prefix is read", () => {
    expect(usdOf({ ...BEDROCK_SONNET, usage: TENTH_EACH })).toBe("1.98");
  });
  it("langfuse#4122: Azure's names for OpenAI's models are read", () => {
    expect(usdOf({ provider: "azure.ai.openai", model: "gpt-35-turbo-16k", usage: TENTH_EACH })).toBe("0.7");
    expect(usdOf({ provider: "azure", model: "gpt-4o-2024-08-06", usage: TENTH_EACH })).toBe("1.25");
  });
  it("helicone#5701: a model that came out after the catalogue costs nothing known, not $0", () => {
    expect(priceOf({ provider: "openai", model: "gpt-7", usage: TENTH_EACH })).toMatchObject({
      outcome: "unpriced",
      usd: null,
    });
  });
  it("litellm#39501: every price says where it was read and when", () => {
    const { sources, providers } = getDefaultCatalog();
    for (const { models } of providers.values()) {
      for (const { rates } of models)
        for (const { source } of rates)
          expect(sources[source]).toEqual({
            name: expect.any(String),
            readOn: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
          });
    }
  });
  it("litellm#31837: the tier that was served is billed", () => {
    const call = { provider: "openai", model: "gpt-5-mini", usage: TENTH_EACH };
    expect(usdOf({ ...call, tier: "priority" })).toBe("0.405");
    expect(usdOf({ ...call, tier: "default" })).toBe("0.225");
  });
  it("tokscale#1062: a name that is only like a known one is not priced", () => {
    for (const model of ["gpt-4o-turbo", "claude-sonnet-4-5-mini", "gemini-2.5-flash-ultra", "deepseek-v5"]) {
      expect(priceOf({ provider: "", model, usage: TENTH_EACH }).outcome).toBe("unpriced");
    }
  });
});

describe("history", () => {
  it("langfuse#12184: a call of the past has the price of its own time", () => {
    const call = { provider: "openai", model: "o3", usage: { input_total: 1_000_000, cache_read: 1_000_000 } };
    expect(usdOf({ ...call, at: "2025-06-09T23:59:59.999Z" })).toBe("2.5");
    expect(usdOf({ ...call, at: "2025-06-10T00:00:00Z" })).toBe("0.5");
  });
  it("agentsview#1540: a new price does not change what an old call cost", () => {
    const before = createPricer().resolve({ provider: "openai", model: "gpt-4o", timeUnixMs: Date.UTC(2024, 5, 1) });
    expect(before).toMatchObject({
      ok: true,
      rate: { version: "first", prices: { input: 5_000_000_000_000n, output: 15_000_000_000_000n } },
    });
    const after = createPricer().resolve({ provider: "openai", model: "gpt-4o", timeUnixMs: Date.UTC(2025, 5, 1) });
    expect(after).toMatchObject({
      ok: true,
      rate: { version: "2024-10-02", prices: { input: 2_500_000_000_000n, output: 10_000_000_000_000n } },
    });
  });
});
