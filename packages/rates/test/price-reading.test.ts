import { type CallReading, UNKNOWN_USAGE } from "@spancost/core";
import { describe, expect, it } from "vitest";
import { createPricer, priceCall } from "@spancost/rates";

const TIME = Date.UTC(2026, 5, 1);
const BASE = {
  dialect: "test",
  recognised: true,
  role: "call",
  provider: "openai",
  modelRequested: "gpt-4o",
  modelReported: "gpt-4o-mini-2024-07-18",
  operation: "chat",
  providerAccount: "",
  serviceTier: "",
  inferenceRegion: "",
  responseId: "",
  sessionId: "",
  streamed: false,
  isError: false,
  errorType: "",
  refused: false,
  attempt: 0,
  usage: { ...UNKNOWN_USAGE, input: 1_000, output: 100 },
  usageIssue: null,
  usageKnown: true,
  usageIsLowerBound: false,
  providedUsd: null,
};
const reading = (changes: Partial<CallReading> = {}): CallReading => ({ ...BASE, ...changes }) as CallReading;
const unknown = { usage: UNKNOWN_USAGE, usageKnown: false };

describe("priceCall", () => {
  it("prices the reported model, not the requested one", () => {
    expect(priceCall(reading(), TIME)).toMatchObject({
      outcome: "priced",
      costPicoUsd: 210_000_000n,
      listPicoUsd: 210_000_000n,
      provided: false,
      rate: { model: "gpt-4o-mini" },
    });
  });
  it("prices the requested model when none is reported", () => {
    expect(priceCall(reading({ modelReported: "" }), TIME)).toMatchObject({
      outcome: "priced",
      inferred: false,
      rate: { model: "gpt-4o" },
    });
  });
  it("falls back to the requested model, as an inference, when the reported name is unknown", () => {
    expect(priceCall(reading({ modelReported: "internal-7" }), TIME)).toMatchObject({
      outcome: "priced",
      inferred: true,
      rate: { model: "gpt-4o", inferred: true },
    });
  });
  it("rejects an impossible usage with the issue", () => {
    expect(priceCall(reading({ usageIssue: "cache-exceeds-input" }), TIME)).toEqual({
      outcome: "rejected",
      reason: "cache-exceeds-input",
    });
  });
  it("does not bill a refused attempt", () => {
    // An attempt that was cut off after the provider had begun may have been billed.
    expect(priceCall(reading({ ...unknown, isError: true, errorType: "AbortError" }), TIME).outcome).toBe(
      "unknown_usage",
    );
    expect(priceCall(reading({ ...unknown, isError: true, refused: true, errorType: "429" }), TIME)).toEqual({
      outcome: "not_billed",
      reason: "429",
    });
  });
  it("bills an error that consumed tokens", () => {
    expect(priceCall(reading({ isError: true }), TIME).outcome).toBe("priced");
  });
  it("says unknown usage, never 0", () => {
    expect(priceCall(reading(unknown), TIME)).toEqual({ outcome: "unknown_usage", reason: "no-usage" });
  });
  it("says unpriced for an unknown model, with names that are near", () => {
    expect(priceCall(reading({ modelReported: "gpt-4o-foo", modelRequested: "" }), TIME)).toMatchObject({
      outcome: "unpriced",
      reason: "unknown-model",
      nearest: expect.arrayContaining(["gpt-4o"]),
    });
  });
  it("takes the provider's own figure before the catalogue, and keeps the list cost beside it", () => {
    expect(priceCall(reading({ providedUsd: "0.00012345678901234" }), TIME)).toMatchObject({
      outcome: "priced",
      provided: true,
      costPicoUsd: 123_456_789n,
      listPicoUsd: 210_000_000n,
    });
  });
  it("takes the provider's own figure for a model and a usage it does not know", () => {
    expect(
      priceCall(
        reading({ ...unknown, modelReported: "x/y", modelRequested: "", provider: "openrouter", providedUsd: "0.5" }),
        TIME,
      ),
    ).toMatchObject({ outcome: "priced", costPicoUsd: 500_000_000_000n, rate: { version: "provided" } });
  });
  it("takes the operator's contract before the provider's own figure", () => {
    const pricer = createPricer({ contracts: [{ name: "half", provider: "openai", discountPercent: "50" }] });
    expect(pricer.priceCall(reading({ providedUsd: "0.9" }), TIME)).toMatchObject({
      outcome: "priced",
      provided: false,
      costPicoUsd: 105_000_000n,
      listPicoUsd: 210_000_000n,
    });
  });
});
