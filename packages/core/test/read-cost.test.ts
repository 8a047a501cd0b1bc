import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readCost, readKey, readSpan } from "../src/index.ts";

function toSpan(attributes: Readonly<Record<string, unknown>>) {
  return {
    name: "cost pinecone",
    scopeName: "app",
    scopeVersion: "",
    statusCode: 0,
    attributes,
    resourceAttributes: {},
    startTimeUnixNano: 0n,
    endTimeUnixNano: 0n,
  } as const;
}

const read = (attributes: Readonly<Record<string, unknown>>) =>
  readCost(toSpan({ "spancost.cost.kind": "pinecone", ...attributes }))?.amount;

describe("a recorded cost", () => {
  it("is exact to the last of twelve places", () => {
    expect(read({ "spancost.cost.amount": "0.000000000001" })).toEqual({ ok: true, picoUsd: 1n });
    expect(read({ "spancost.cost.amount": "1234567.890123456789" })).toEqual({
      ok: true,
      picoUsd: 1_234_567_890_123_456_789n,
    });
    expect(read({ "spancost.cost.amount": 0.1 })).toEqual({ ok: true, picoUsd: 100_000_000_000n });
    expect(read({ "spancost.cost.amount": 0 })).toEqual({ ok: true, picoUsd: 0n });
  });

  it("is units times their price, rounded once, half up", () => {
    expect(read({ "spancost.cost.units": "3", "spancost.cost.unit_price": "0.00000025" })).toEqual({
      ok: true,
      picoUsd: 750_000n,
    });
    expect(read({ "spancost.cost.units": "0.5", "spancost.cost.unit_price": "0.000000000001" })).toEqual({
      ok: true,
      picoUsd: 1n,
    });
    expect(read({ "spancost.cost.units": 7n, "spancost.cost.unit_price": 2 })).toEqual({
      ok: true,
      picoUsd: 14_000_000_000_000n,
    });
  });

  it.each([
    [{}, "no-amount"],
    [{ "spancost.cost.units": "3" }, "no-amount"],
    [{ "spancost.cost.amount": "one" }, "bad-amount"],
    [{ "spancost.cost.amount": Number.NaN }, "bad-amount"],
    [{ "spancost.cost.amount": "0.0000000000001" }, "bad-amount"],
    [{ "spancost.cost.amount": "-1" }, "negative-amount"],
    [{ "spancost.cost.units": "-1", "spancost.cost.unit_price": "1" }, "negative-amount"],
    [{ "spancost.cost.amount": "1000000000.000000000001" }, "amount-too-large"],
    [{ "spancost.cost.units": true, "spancost.cost.unit_price": "1" }, "bad-units"],
  ])("of %o is refused as %s", (attributes, issue) => {
    expect(read(attributes)).toEqual({ ok: false, issue });
  });

  it("is no LLM call, and no LLM call is one", () => {
    expect(readSpan(toSpan({ "spancost.cost.kind": "pinecone", "spancost.cost.amount": "1" }))).toBeNull();
    expect(readCost(toSpan({ "spancost.cost.kind": "llm", "spancost.cost.amount": "1" }))).toBeNull();
    expect(readCost(toSpan({ "gen_ai.operation.name": "chat" }))).toBeNull();
    expect([readKey(toSpan({ "spancost.key": "k" })), readKey(toSpan({ "spancost.key": 1 }))]).toEqual(["k", ""]);
  });

  it("never throws, whatever its attributes hold", () => {
    const names = fc.constantFrom(
      "spancost.cost.kind",
      "spancost.cost.amount",
      "spancost.cost.units",
      "spancost.cost.unit_price",
    );
    fc.assert(
      fc.property(
        fc.dictionary(names, fc.anything({ withBigInt: true })),
        (attributes) => void readCost(toSpan(attributes)),
      ),
    );
  });
});
