import { describe, expect, it } from "vitest";
import { createPricer, priceRequest } from "@spancost/rates";
import { priceOf, TENTH_EACH, usdOf } from "./price-of.ts";

// One test or more per line of section 4 ("Dollars") of the semantics: what a price must be.
describe("4.1 unit prices need 12 decimals a token, sums are exact", () => {
  it("prices 3.625e-9 USD a cached token without losing a digit", () => {
    const { usd, lines } = priceOf({
      provider: "deepseek",
      model: "deepseek-v4-pro",
      usage: { input_total: 3, cache_read: 3 },
    });
    expect(lines).toEqual([{ bucket: "cache_read", quantity: 3, unit_usd: "0.000000003625", usd: "0.000000010875" }]);
    expect(usd).toBe("0.000000010875");
  });
  it("adds a million calls up without drift", () => {
    expect(usdOf({ provider: "openai", model: "gpt-4o-mini", usage: { input_total: 9_007_199_254_740_991 } })).toBe(
      "1351079888.21114865",
    );
  });
});

describe("4.2 context tiers apply strictly above the threshold, on the whole prompt, to every bucket", () => {
  const call = { provider: "google", model: "gemini-2.5-pro" };
  it("charges the base price at exactly 200,000 tokens", () => {
    expect(usdOf({ ...call, usage: { input_total: 200_000, output: 1000 } })).toBe("0.26");
  });
  it("charges the whole prompt and the output at the higher price from 200,001 tokens on", () => {
    expect(usdOf({ ...call, usage: { input_total: 200_001, output: 1000 } })).toBe("0.5150025");
  });
  it("counts cached tokens to the prompt and charges them at the tier's cache price", () => {
    expect(usdOf({ ...call, usage: { input_total: 300_000, cache_read: 200_000, output: 0 } })).toBe("0.3");
  });
  it("keeps the base price at 272,000 tokens of gpt-5.4, though some lists say otherwise", () => {
    expect(usdOf({ provider: "openai", model: "gpt-5.4", usage: { input_total: 272_000 } })).toBe("0.68");
    expect(usdOf({ provider: "openai", model: "gpt-5.4", usage: { input_total: 272_001 } })).toBe("1.360005");
  });
});

describe("4.3 cache writes, and buckets without a price of their own", () => {
  it("charges 1.25x of input for five minutes and 2x for one hour (Anthropic)", () => {
    const usage = { input_total: 2_000, cache_write_5m: 1_000, cache_write_1h: 1_000 };
    expect(usdOf({ provider: "anthropic", model: "claude-opus-4-5", usage })).toBe("0.01625");
  });
  it("charges cache writes of the OpenAI models that bill them", () => {
    expect(
      usdOf({
        provider: "openai",
        model: "gpt-5.6-terra",
        at: "2026-09-01",
        usage: { input_total: 1_000, cache_write_5m: 1_000 },
      }),
    ).toBe("0.0025");
  });
  it("bills a bucket without a price at its parent's price", () => {
    expect(
      usdOf({
        provider: "openai",
        model: "gpt-4",
        usage: { input_total: 1_000, cache_read: 600, cache_write_1h: 100 },
      }),
    ).toBe("0.03");
    expect(usdOf({ provider: "anthropic", model: "claude-sonnet-4-5", usage: { output: 1_000, reasoning: 900 } })).toBe(
      "0.015",
    );
  });
  it("does not price what no parent prices", () => {
    expect(usdOf({ provider: "openai", model: "gpt-4o", usage: { images: 1 } })).toBe(
      "unpriced: no-price-for-bucket: images",
    );
  });
});

describe("4.4 the served tier picks its own rates; tier, context length and region combine", () => {
  const gpt5 = {
    provider: "openai",
    model: "gpt-5",
    usage: { input_total: 1_000_000, cache_read: 500_000, output: 100_000 },
  };
  it("prices batch, flex and priority", () => {
    expect(usdOf(gpt5)).toBe("1.6875");
    expect(usdOf({ ...gpt5, tier: "flex" })).toBe("0.84375");
    expect(usdOf({ ...gpt5, tier: "batch" })).toBe("0.84375");
    expect(usdOf({ ...gpt5, tier: "priority" })).toBe("3.375");
    expect(usdOf({ ...gpt5, tier: "default" })).toBe("1.6875");
  });
  it("uses the tier's own cached price where it is not the factor's", () => {
    expect(
      usdOf({ provider: "openai", model: "gpt-5.4", tier: "flex", usage: { input_total: 1_000, cache_read: 1_000 } }),
    ).toBe("0.00013");
  });
  it("prices Anthropic's fast mode", () => {
    expect(usdOf({ provider: "anthropic", model: "claude-opus-4-6", tier: "fast", usage: TENTH_EACH })).toBe("18");
  });
  it("combines a long prompt, batch and a region: 2x, half, and a tenth more", () => {
    const usage = { input_total: 1_000_000, output: 100_000 };
    expect(usdOf({ provider: "openai", model: "gpt-5.4", tier: "batch", region: "eu", usage })).toBe("3.9875");
  });
  it("prices a tier that a model has no rates for as inferred", () => {
    expect(priceOf({ provider: "openai", model: "gpt-4", tier: "priority", usage: TENTH_EACH }).rate?.inferred).toBe(
      true,
    );
  });
  it("multiplies with Anthropic's US-only inference from Opus 4.6 on", () => {
    expect(usdOf({ provider: "anthropic", model: "claude-opus-4-6", region: "us", usage: TENTH_EACH })).toBe("3.3");
    expect(usdOf({ provider: "anthropic", model: "claude-opus-4-6", region: "global", usage: TENTH_EACH })).toBe("3");
    expect(usdOf({ provider: "anthropic", model: "claude-opus-4-5", region: "us", usage: TENTH_EACH })).toBe("3");
  });
});

describe("4.5 prices have dates, hours of day and weekdays (UTC)", () => {
  it.each([
    ["2026-08-10T02:00:00Z", "0.42", "before the peak windows existed"],
    ["2026-08-17T00:59:59Z", "0.88", "off-peak"],
    ["2026-08-17T01:00:00Z", "1.76", "the first moment of the morning peak"],
    ["2026-08-17T04:00:00Z", "0.88", "the first moment after it"],
    ["2026-08-18T09:59:59.999Z", "1.76", "the last moment of the second peak"],
    ["2026-08-22T02:00:00Z", "1.76", "a Saturday before the weekend rule"],
    ["2026-08-23T02:00:00Z", "0.88", "the first Sunday with the weekend rule"],
    ["2026-08-29T07:00:00Z", "0.88", "a Saturday with the weekend rule"],
    ["2026-08-31T07:00:00Z", "1.76", "a Monday with the weekend rule"],
  ])("deepseek-v4-flash at %s costs %s a million each: %s", (at, usd) => {
    expect(
      usdOf({
        provider: "deepseek",
        model: "deepseek-v4-flash",
        at,
        usage: { input_total: 1_000_000, output: 1_000_000 },
      }),
    ).toBe(usd);
  });
  it("knows windows that wrap over midnight", () => {
    const call = { provider: "deepseek", model: "deepseek-reasoner", usage: { input_total: 1_000_000 } };
    expect(usdOf({ ...call, at: "2025-04-01T16:29:59Z" })).toBe("0.55");
    expect(usdOf({ ...call, at: "2025-04-01T16:30:00Z" })).toBe("0.135");
    expect(usdOf({ ...call, at: "2025-04-02T00:29:59Z" })).toBe("0.135");
    expect(usdOf({ ...call, at: "2025-04-02T00:30:00Z" })).toBe("0.55");
  });
});

describe("4.6 unknown is null, free and empty are exactly 0", () => {
  it("gives an unknown model no price, and near names as a hint", () => {
    const response = priceOf({ provider: "openai", model: "gpt-4o-maxi", usage: TENTH_EACH });
    expect(response).toMatchObject({ outcome: "unpriced", usd: null, reason: "unknown-model", rate: null, lines: [] });
    expect(response.nearest).toContain("gpt-4o-mini");
  });
  it("prices a free model at exactly 0", () => {
    expect(usdOf({ provider: "openrouter", model: "meta-llama/llama-3.3-70b-instruct:free", usage: TENTH_EACH })).toBe(
      "0",
    );
    expect(usdOf({ provider: "google", model: "gemma-3-27b-it", usage: TENTH_EACH })).toBe("0");
  });
  it("prices zero tokens of a known model at exactly 0", () => {
    expect(usdOf({ provider: "openai", model: "gpt-4o", usage: {} })).toBe("0");
    expect(usdOf({ provider: "perplexity", model: "sonar", usage: {} })).toBe("0");
  });
});

describe("4.7 impossible usage is rejected with the reason", () => {
  it.each([
    [{ input_total: -1 }, "negative-count"],
    [{ input_total: Number.NaN }, "not-a-number"],
    [{ input_total: 1.5 }, "fractional-count"],
    [{ input_total: 2 ** 53 }, "count-out-of-range"],
    [{ input_total: 10, cache_read: 6, cache_write_5m: 5 }, "cache-exceeds-input"],
    [{ output: 10, reasoning: 11 }, "reasoning-exceeds-output"],
    [{ input_total: 10, audio_in: 11 }, "modality-exceeds-input"],
    [{ output: 10, image_out: 11 }, "modality-exceeds-output"],
    [{ audio_seconds: "-1" }, "bad-seconds"],
    [{ audio_seconds: "soon" }, "bad-seconds"],
  ])("%j is rejected: %s", (usage, reason) => {
    expect(priceOf({ provider: "openai", model: "gpt-4o", usage })).toMatchObject({
      outcome: "rejected",
      usd: null,
      reason,
      rate: null,
      lines: [],
    });
  });
  it("rejects an impossible usage of an unknown model too", () => {
    expect(priceOf({ provider: "nobody", model: "nothing", usage: { input_total: -1 } }).outcome).toBe("rejected");
  });
});

describe("4.8 precedence, and no fuzzy matching", () => {
  it.each([
    "gpt-5-mini-foo",
    "gpt-5.45",
    "gpt-4o-minimal",
    "claude-sonnet-4-55",
    "gpt-5-",
    "gemini-2.5-pro-ultra",
    "o31",
  ])("does not price %s as a relative", (model) => {
    expect(priceOf({ provider: "", model, usage: TENTH_EACH }).outcome).toBe("unpriced");
  });
  it("marks what it concluded", () => {
    expect(priceOf({ provider: "", model: "gpt-4o", usage: TENTH_EACH }).rate).toMatchObject({
      provider: "openai",
      inferred: true,
    });
    expect(priceOf({ provider: "openai", model: "gpt-4o", usage: TENTH_EACH }).rate).toMatchObject({
      provider: "openai",
      inferred: false,
    });
  });
});

describe("4.9 contract discounts come last, exactly, beside the list cost", () => {
  it("takes 12.5 % off after tier and region, and keeps the list cost", () => {
    const pricer = createPricer({
      contracts: [{ name: "acme", provider: "openai", discountPercent: "12.5", from: "2026-01-01", to: "2027-01-01" }],
    });
    const usage = {
      input: 1_000_000,
      cacheRead: null,
      cacheWrite5m: null,
      cacheWrite1h: null,
      output: 100_000,
      reasoning: null,
      audioIn: null,
      audioOut: null,
      imageIn: null,
      imageOut: null,
      images: null,
      videoSeconds: null,
      audioSeconds: null,
      characters: null,
      webSearchRequests: null,
    };
    const priced = pricer.price({
      provider: "openai",
      model: "gpt-5.4",
      serviceTier: "batch",
      inferenceRegion: "eu",
      timeUnixMs: Date.UTC(2026, 5, 1),
      usage,
    });
    expect(priced).toMatchObject({
      outcome: "priced",
      costPicoUsd: 3_489_062_500_000n,
      listPicoUsd: 3_987_500_000_000n,
    });
    expect(
      priceRequest(
        { provider: "openai", model: "gpt-5.4", timestamp: "2027-01-01", usage: { input_total: 1_000 } },
        pricer,
      ).usd,
    ).toBe("0.0025");
  });
});

describe("4.10 model ids in the wild", () => {
  it.each([
    ["openai", "gpt-4o-mini-2024-07-18", "0.075"],
    ["openai", "openai/gpt-4o-mini", "0.075"],
    ["azure.ai.openai", "azure/gpt-4o-mini", "0.075"],
    ["google", "models/gemini-2.5-flash", "0.28"],
    ["gcp.vertex_ai", "publishers/google/models/gemini-2.5-flash", "0.28"],
    ["gcp.vertex_ai", "projects/p/locations/global/publishers/google/models/gemini-2.5-flash", "0.28"],
    ["aws.bedrock", "bedrock/anthropic.claude-3-5-sonnet-20240620-v1:0", "1.8"],
    ["aws.bedrock", "us.anthropic.claude-sonnet-4-20250514-v1:0", "1.8"],
    ["aws.bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "1.98"],
    ["aws.bedrock", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0", "1.98"],
    ["aws.bedrock", "global.anthropic.claude-sonnet-4-5-20250929-v1:0", "1.8"],
    [
      "aws.bedrock",
      "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
      "1.98",
    ],
    ["aws.bedrock", "arn:aws:bedrock:us-west-2::foundation-model/anthropic.claude-3-haiku-20240307-v1:0", "0.15"],
    ["vertex_ai", "claude-sonnet-4-5@20250929", "1.8"],
    ["anthropic", "claude-3-5-haiku-latest", "0.48"],
    ["anthropic", "claude-sonnet-4.5", "1.8"],
    ["anthropic", "claude-4.5-sonnet", "1.8"],
    ["azure", "gpt-35-turbo", "0.2"],
    ["openai", "ft:gpt-4o-mini-2024-07-18:acme::AbC123", "0.15"],
    ["openai", "ft:gpt-4o-mini:acme::id", "0.15"],
    ["groq", "groq/openai/gpt-oss-120b", "0.075"],
    ["groq", "gpt-oss-120b", "0.075"],
    ["openrouter", "openrouter/openai/gpt-4o-mini", "0.075"],
    ["openrouter", "anthropic/claude-sonnet-4-5", "1.8"],
  ])("%s %s costs %s for 100,000 tokens each way", (provider, model, usd) => {
    expect(usdOf({ provider, model, usage: TENTH_EACH })).toBe(usd);
  });
  it.each([
    ["x_ai", "xai"],
    ["xai", "xai"],
    ["X-AI", "xai"],
  ])("reads the provider name %s", (provider, expected) => {
    expect(priceOf({ provider, model: "grok-3", usage: TENTH_EACH }).rate).toMatchObject({
      provider: expected,
      inferred: false,
    });
  });
  it.each([
    ["gcp.gen_ai", "gemini-2.5-flash"],
    ["google_genai", "gemini-2.5-flash"],
    ["openai.chat", "gpt-4o"],
    ["openai.responses", "gpt-4o"],
    ["groq.chat", "llama-3.1-8b-instant"],
    ["anthropic.messages", "claude-sonnet-4-5"],
    ["mistral_ai", "mistral-large-latest"],
    ["vercel", "gpt-4o"],
    ["langchain", "claude-sonnet-4-5"],
    ["my-gateway", "gemini-2.5-flash"],
  ])("prices %s %s", (provider, model) => {
    expect(priceOf({ provider, model, usage: TENTH_EACH }).outcome).toBe("priced");
  });
  it("leaves a fine-tuned model of an unknown base unpriced", () => {
    expect(priceOf({ provider: "openai", model: "ft:gpt-5:acme::id", usage: TENTH_EACH }).outcome).toBe("unpriced");
  });
  it("asks for a mapping where only the operator knows the model", () => {
    expect(
      priceOf({
        provider: "aws.bedrock",
        model: "arn:aws:bedrock:us-east-1:1:application-inference-profile/x1",
        usage: TENTH_EACH,
      }).reason,
    ).toBe("needs-mapping");
    expect(priceOf({ provider: "azure", model: "my-deployment", usage: TENTH_EACH }).outcome).toBe("unpriced");
  });
  it("does not take the maker's price for a reseller's", () => {
    expect(priceOf({ provider: "databricks", model: "claude-sonnet-4-5", usage: TENTH_EACH }).reason).toBe(
      "unknown-provider",
    );
  });
  it("reads regions from the model's name, and then from the span", () => {
    const bare = { provider: "aws.bedrock", model: "anthropic.claude-sonnet-4-5-20250929-v1:0", usage: TENTH_EACH };
    expect(usdOf(bare)).toBe("1.8");
    expect(usdOf({ ...bare, region: "us-gov-west-1" })).toBe("2.16");
    expect(usdOf({ ...bare, region: "eu-west-1" })).toBe("1.98");
    expect(usdOf({ ...bare, model: `global.${bare.model}`, region: "eu-west-1" })).toBe("1.8");
    expect(
      usdOf({ provider: "vertex_ai", model: "claude-opus-4-5@20251101", region: "us-east5", usage: TENTH_EACH }),
    ).toBe("3.3");
    expect(
      usdOf({ provider: "vertex_ai", model: "claude-opus-4-5@20251101", region: "global", usage: TENTH_EACH }),
    ).toBe("3");
    expect(usdOf({ provider: "azure", model: "azure/eu/gpt-4o-mini-2024-07-18", usage: TENTH_EACH })).toBe("0.0825");
    expect(usdOf({ provider: "azure", model: "gpt-4o-mini", region: "us", usage: TENTH_EACH })).toBe("0.0825");
  });
  it("leaves self-hosted models unpriced", () => {
    expect(priceOf({ provider: "ollama", model: "gpt-4o", usage: TENTH_EACH }).outcome).toBe("unpriced");
    expect(priceOf({ provider: "vllm", model: "meta-llama/llama-3.3-70b-instruct", usage: TENTH_EACH }).outcome).toBe(
      "unpriced",
    );
  });
});

describe("4.11 what the seed lacks", () => {
  it("prices audio of gpt-4o-audio-preview and Titan's second embedding model", () => {
    expect(
      usdOf({
        provider: "openai",
        model: "gpt-4o-audio-preview",
        usage: { input_total: 1_000, audio_in: 1_000, output: 1_000, audio_out: 1_000 },
      }),
    ).toBe("0.12");
    expect(
      usdOf({ provider: "bedrock", model: "amazon.titan-embed-text-v2:0", usage: { input_total: 1_000_000 } }),
    ).toBe("0.02");
  });
});
