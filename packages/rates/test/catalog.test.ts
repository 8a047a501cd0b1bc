import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { getDefaultCatalog } from "@spancost/rates";
import { buildCatalog } from "../scripts/build-catalog.ts";
import { findOverlayIssues } from "../scripts/check-overlay.ts";
import { findRateIssues } from "../src/check-format.ts";

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
const OVERLAYS = readdirSync(new URL("../data/overlay/", import.meta.url)).filter((name) => name.endsWith(".json"));

describe("src/data/catalog.json", () => {
  it("is what the build makes of the seed, the agreed prices and the overlay", () => {
    expect(
      read("src/data/catalog.json") === buildCatalog(),
      "stale: run `node --conditions=@spancost/source packages/rates/scripts/build-catalog.ts`",
    ).toBe(true);
  });
  it("has only prices, dates, windows and factors that can be read", () => {
    const issues = [...getDefaultCatalog().providers.values()].flatMap(({ id, models }) =>
      models.flatMap((model) => findRateIssues(model.rates).map((issue) => `${id}/${model.id}: ${issue}`)),
    );
    expect(issues).toEqual([]);
  });
  it("gives no name to two models of a provider", () => {
    for (const { id, models } of getDefaultCatalog().providers.values()) {
      const names = models.flatMap((model) => [model.id, ...(model.aliases ?? [])]);
      expect([id, names.filter((name, index) => names.indexOf(name) !== index)]).toEqual([id, []]);
    }
  });
});

describe("data/overlay", () => {
  it.each(OVERLAYS)("%s has the form of an overlay", (name) => {
    expect(findOverlayIssues(JSON.parse(read(`data/overlay/${name}`)))).toEqual([]);
  });
  it("is refused with every problem at once", () => {
    const issues = findOverlayIssues({
      provider: "x",
      readOn: "yesterday",
      source: 7,
      models: [{ id: "m", rates: [{ prices: { inptu: "1", output: "-2" } }] }, { id: "" }],
    });
    expect(issues).toEqual([
      'readOn: "yesterday" is no day',
      "source: not a text",
      "models[0].rates[0].prices: unknown bucket inptu",
      'models[0].rates[0].prices.output: "-2" is no price',
      "models[1].id: not a name",
    ]);
  });
});
