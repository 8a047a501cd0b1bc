import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { checkRates } from "@spancost/rates";
import { PRICE_LISTS } from "../scripts/read-lists.ts";

const FOLDER = new URL("../../../../shared/price-sources/", import.meta.url);
const present = existsSync(new URL("litellm.json", FOLDER));
const NOT_HERE = "the public price lists lie outside of the checkout, in ../shared/price-sources, and do not ship";

describe("checkRates on small lists", () => {
  const at = Date.UTC(2026, 6, 1);
  const litellm = {
    "gpt-4o": { litellm_provider: "openai", mode: "chat", input_cost_per_token: 2.5e-6, output_cost_per_token: 1e-5 },
    "gpt-4o-mini": {
      litellm_provider: "openai",
      mode: "chat",
      input_cost_per_token: 9e-7,
      output_cost_per_token: 6e-7,
    },
    "gpt-unheard-of": {
      litellm_provider: "openai",
      mode: "chat",
      input_cost_per_token: 1e-6,
      output_cost_per_token: 1e-6,
    },
    "dall-e-9": { litellm_provider: "openai", mode: "image_generation", output_cost_per_image: 1 },
  };
  const portkey = {
    openai: {
      "gpt-4o": {
        pricing_config: { pay_as_you_go: { request_token: { price: 0.00025 }, response_token: { price: 0.001 } } },
      },
      "gpt-4o-mini": {
        pricing_config: { pay_as_you_go: { request_token: { price: 0.00009 }, response_token: { price: 0.00006 } } },
      },
    },
  };
  const report = checkRates([
    { name: "litellm", content: litellm, timeUnixMs: at },
    { name: "portkey", content: portkey, timeUnixMs: at },
  ]);
  it("counts what is listed, resolves, can be compared and agrees; units of the lists differ", () => {
    expect(report.total).toEqual({ listed: 3, resolved: 2, compared: 2, agreed: 1 });
    expect(report.byProvider[0]).toEqual({ provider: "openai", listed: 3, resolved: 2, compared: 2, agreed: 1 });
  });
  it("names the rest with the reason", () => {
    expect(report.unresolved).toEqual([{ provider: "openai", model: "gpt-unheard-of", reason: "unknown-model" }]);
    expect(report.disagreeing).toEqual([
      {
        provider: "openai",
        model: "gpt-4o-mini",
        reason: "input: lists 0.9, 0.9; catalogue 0.15 (USD per million tokens)",
      },
    ]);
  });
  it("takes any content for a list", () => {
    for (const content of [null, 7, [], {}, { a: null, b: [1] }, [{ modelName: 7 }]]) {
      for (const name of ["litellm", "portkey", "models.dev", "langfuse", "simonw"] as const)
        expect(checkRates([{ name, content, timeUnixMs: at }]).total.resolved).toBe(0);
    }
  });
});

describe.skipIf(!present)(`checkRates on the five public lists (skipped where ${NOT_HERE})`, () => {
  const report = checkRates(
    // The body of a skipped suite is run as well, to find its tests.
    (present ? PRICE_LISTS : []).map(({ name, file, takenOn }) => ({
      name,
      content: JSON.parse(readFileSync(new URL(file, FOLDER), "utf8")),
      timeUnixMs: Date.parse(takenOn),
    })),
  );
  it("resolves at least 97 % of their chat, embedding and audio models", () => {
    expect(report.total.listed).toBeGreaterThan(1_400);
    expect(report.total.resolved / report.total.listed).toBeGreaterThan(0.97);
  });
  it("agrees within 1 % on at least 99 % of those on which two lists agree", () => {
    expect(report.total.compared).toBeGreaterThan(600);
    expect(report.total.agreed / report.total.compared).toBeGreaterThan(0.99);
  });
});
