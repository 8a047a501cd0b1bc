import { describe, expect, it } from "vitest";
import { UNKNOWN_USAGE } from "@spancost/core";
import { createPricer, priceRequest } from "@spancost/rates";

const CALL = {
  id: 1,
  provider: "azure",
  model: "prod-chat",
  timestamp: "2026-06-01",
  usage: { input_total: 1_000_000, output: 1_000_000 },
};

describe("mappings", () => {
  it("bill an Azure deployment as the model behind it, as a certainty", () => {
    const pricer = createPricer({
      mappings: [{ provider: "azure.ai.openai", model: "Prod-Chat", to: { provider: "azure", model: "gpt-4o-mini" } }],
    });
    expect(priceRequest(CALL, pricer)).toMatchObject({
      usd: "0.75",
      rate: { provider: "azure", model: "gpt-4o-mini", inferred: false },
    });
  });
  it("bill a Bedrock application profile", () => {
    const model = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123";
    const pricer = createPricer({
      mappings: [
        {
          provider: "bedrock",
          model,
          to: { provider: "bedrock", model: "us.anthropic.claude-sonnet-4-5-20250929-v1:0" },
        },
      ],
    });
    expect(priceRequest({ ...CALL, provider: "aws.bedrock", model, usage: { input_total: 1_000 } }, pricer).usd).toBe(
      "0.0033",
    );
  });
  it("give a self-hosted model prices of its own", () => {
    const pricer = createPricer({
      mappings: [{ provider: "vllm", model: "llama-70b", prices: { input: "0.1", output: "0.2" } }],
    });
    expect(priceRequest({ ...CALL, provider: "vllm", model: "llama-70b" }, pricer)).toMatchObject({
      usd: "0.3",
      rate: { provider: "vllm", model: "llama-70b", inferred: false },
    });
  });
  it("do not reach other providers", () => {
    const pricer = createPricer({
      mappings: [{ provider: "azure", model: "prod-chat", to: { provider: "azure", model: "gpt-4o" } }],
    });
    expect(priceRequest({ ...CALL, provider: "openai" }, pricer).outcome).toBe("unpriced");
  });
});

describe("contracts", () => {
  const gpt4o = { ...CALL, provider: "openai", model: "gpt-4o" };
  it("apply from their first moment until just before their last", () => {
    const pricer = createPricer({
      contracts: [{ name: "2026", provider: "openai", discountPercent: "10", from: "2026-01-01", to: "2027-01-01" }],
    });
    const at = (timestamp: string): unknown => priceRequest({ ...gpt4o, timestamp }, pricer).usd;
    expect([at("2025-12-31T23:59:59Z"), at("2026-01-01"), at("2026-12-31T23:59:59Z"), at("2027-01-01")]).toEqual([
      "12.5",
      "11.25",
      "11.25",
      "12.5",
    ]);
  });
  it("cover only the models they name, and say so in the version", () => {
    const pricer = createPricer({
      contracts: [{ name: "mini-deal", provider: "openai", models: ["gpt-4o-mini*"], discountPercent: "50" }],
    });
    expect(priceRequest(gpt4o, pricer).usd).toBe("12.5");
    expect(priceRequest({ ...gpt4o, model: "gpt-4o-mini" }, pricer)).toMatchObject({
      usd: "0.375",
      rate: { version: "first:mini-deal" },
    });
  });
  it("may set prices, and keep the list's where they set none", () => {
    const pricer = createPricer({ contracts: [{ name: "own", provider: "openai", prices: { input: "2" } }] });
    expect(priceRequest(gpt4o, pricer).usd).toBe("12");
  });
  it("take discounts exactly: 33.3333 % of 3.625e-9", () => {
    const pricer = createPricer({ contracts: [{ name: "thirds", provider: "deepseek", discountPercent: "33.3333" }] });
    const { lines } = priceRequest(
      { ...CALL, provider: "deepseek", model: "deepseek-v4-pro", usage: { input_total: 1, cache_read: 1 } },
      pricer,
    );
    expect(lines[0]?.unit_usd).toBe("0.000000002416667875");
  });
  it.each(["-1", "100.5", "ten", "1.23456"])("refuse a discount of %s", (discountPercent) => {
    expect(() => createPricer({ contracts: [{ name: "bad", provider: "openai", discountPercent }] })).toThrow(
      RangeError,
    );
  });
  it("refuse a date that is none", () => {
    expect(() =>
      createPricer({ contracts: [{ name: "bad", provider: "openai", discountPercent: "1", from: "soon" }] }),
    ).toThrow('"soon" is no date');
  });
});

describe("a contract of one account", () => {
  const pricer = createPricer({
    contracts: [
      { name: "eu deal", provider: "openai", account: "eu", discountPercent: "50" },
      { name: "for all", provider: "openai", discountPercent: "10" },
    ],
  });
  const price = (account?: string) => {
    const query = { provider: "openai", model: "gpt-5-mini", timeUnixMs: Date.UTC(2026, 10, 1) };
    const usage = { ...UNKNOWN_USAGE, input: 1_000_000, output: 0 };
    const priced = pricer.price({ ...query, ...(account === undefined ? {} : { account }), usage });
    return priced.outcome === "priced" ? [priced.costPicoUsd, priced.listPicoUsd] : priced.outcome;
  };

  it("changes the cost of that account's calls, and of no other's", () => {
    expect(price("eu")).toEqual([125_000_000_000n, 250_000_000_000n]);
    expect(price("us")).toEqual([225_000_000_000n, 250_000_000_000n]);
    expect(price()).toEqual([225_000_000_000n, 250_000_000_000n]);
  });
});
