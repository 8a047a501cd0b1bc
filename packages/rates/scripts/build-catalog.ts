// compiles src/data/catalog.json from the seed and our overlay: node packages/rates/scripts/build-catalog.ts
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { CatalogFile, SourceEntry } from "../src/catalog-format.ts";
import { importGenaiPrices } from "./import-genai-prices.ts";

const SEED: SourceEntry = { name: "@pydantic/genai-prices 0.1.8", readOn: "2026-11-20" };
const CATALOG = fileURLToPath(new URL("../src/data/catalog.json", import.meta.url));

/** The text that data/catalog.json should have. */
export function buildCatalog(): string {
  const catalog: CatalogFile = { sources: [SEED], providers: importGenaiPrices(0) };
  return `${writeCatalog(catalog)}\n`;
}

/** One line a model, so that a diff shows which model changed. */
function writeCatalog(catalog: CatalogFile): string {
  const providers = catalog.providers.map(({ models, ...provider }) => {
    const lines = models.map((model) => JSON.stringify(model)).join(",\n");
    return `${JSON.stringify(provider).slice(0, -1)},"models":[\n${lines}\n]}`;
  });
  return `{"sources":${JSON.stringify(catalog.sources)},\n"providers":[\n${providers.join(",\n")}\n]}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(CATALOG, buildCatalog());
