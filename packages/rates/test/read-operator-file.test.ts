import { createPricer, priceRequest, readOperatorFile } from "@spancost/rates";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

describe("readOperatorFile", () => {
  it("reads contracts and mappings that a pricer takes", () => {
    const file = readOperatorFile({
      contracts: [{ name: "2026", provider: "openai", discountPercent: "20", models: ["gpt-4o*"], from: "2026-01-01" }],
      mappings: [{ provider: "azure", model: "chat", to: { provider: "openai", model: "gpt-4o" } }],
    });
    expect(file.ok).toBe(true);
    const request = { provider: "azure", model: "chat", timestamp: "2026-06-01", usage: { input_total: 1_000_000 } };
    expect(priceRequest(request, createPricer(file.ok ? file : {})).usd).toBe("2");
  });
  it("reports every problem at once", () => {
    expect(
      readOperatorFile({
        contracts: [
          { name: "x", provider: "openai" },
          { provider: 7, discountPercent: "10" },
          { name: "y", provider: "openai", discountPercent: "110" },
        ],
        mappings: [{ model: "m" }, { model: "n", prices: { inptu: "1" } }, { model: "o", to: { provider: "azure" } }],
        extra: 1,
      }),
    ).toEqual({
      ok: false,
      issues: [
        "extra: unknown",
        'contracts[0]: Contract "x": "undefined" is no discount; expected "0" to "100" per cent, or prices.',
        "contracts[1].name: missing",
        "contracts[1].provider: missing",
        'contracts[2]: Contract "y": "110" is no discount; expected "0" to "100" per cent, or prices.',
        'mappings[0]: needs either "to" or "prices"',
        "mappings[1].prices: unknown bucket inptu",
        "mappings[2].to.model: missing",
      ],
    });
  });
  it("no input makes it throw", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.anything(), fc.record({ contracts: fc.array(fc.anything()), mappings: fc.array(fc.anything()) })),
        (json) => {
          expect(typeof readOperatorFile(json).ok).toBe("boolean");
        },
      ),
    );
  });
});
