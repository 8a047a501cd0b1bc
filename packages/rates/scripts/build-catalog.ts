// Compiles src/data/catalog.json from the seed, the agreed prices and our overlay:
// node --conditions=@spancost/source packages/rates/scripts/build-catalog.ts
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { CatalogFile, ModelEntry, SourceEntry } from "../src/catalog-format.ts";
import { toListKey } from "../src/price-lists/list-key.ts";
import { importGenaiPrices } from "./import-genai-prices.ts";
import { applyOverlay, type DraftModel, type Drafts, type OverlayFile } from "./apply-overlay.ts";

const SEED: SourceEntry = { name: "@pydantic/genai-prices 0.1.8", readOn: "2026-11-20" };
const CATALOG = fileURLToPath(new URL("../src/data/catalog.json", import.meta.url));
const LISTED = fileURLToPath(new URL("../data/listed/", import.meta.url));
const OVERLAY = fileURLToPath(new URL("../data/overlay/", import.meta.url));
/** Order in which overlays apply: those that copy from another provider come after it. */
const LATE = ["vertex", "azure"];
/** Batch is half price with these providers whatever the model; a model that does not say so is marked inferred. */
const TIER_FACTORS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  openai: { batch: "0.5" },
  anthropic: { batch: "0.5" },
  google: { batch: "0.5" },
  vertex: { batch: "0.5" },
  azure: { batch: "0.5" },
  bedrock: { batch: "0.5" },
  groq: { batch: "0.5" },
  mistral: { batch: "0.5" },
  xai: { batch: "0.5" },
};

interface ListedFile {
  readonly provider: string;
  readonly readOn: string;
  readonly models: readonly (DraftModel["rates"][number] & { id: string; aliases?: string[]; lists: string })[];
}

/** The text that src/data/catalog.json should have. */
export function buildCatalog(): string {
  const drafts: Drafts = new Map();
  for (const file of readListed()) addListed(drafts, file);
  addSeed(drafts);
  const overlays = readFolder<OverlayFile>(OVERLAY).sort((a, b) => LATE.indexOf(a.provider) - LATE.indexOf(b.provider));
  for (const overlay of overlays) applyOverlay(drafts, overlay);
  return `${JSON.stringify(toCatalog(drafts), null, 2)}\n`;
}

function readFolder<T>(folder: string): T[] {
  return readdirSync(folder)
    .sort()
    .map((name) => JSON.parse(readFileSync(folder + name, "utf8")));
}

/** Reads the agreed prices: a line for the provider, then a line for each model. */
function readListed(): ListedFile[] {
  return readdirSync(LISTED)
    .sort()
    .map((name) => {
      const [head, ...models] = readFileSync(LISTED + name, "utf8")
        .trim()
        .split("\n");
      return { ...JSON.parse(head ?? "{}"), models: models.map((line) => JSON.parse(line)) };
    });
}

function addListed(drafts: Drafts, { provider, readOn, models }: ListedFile): void {
  const own = new Map<string, DraftModel>();
  for (const { id, aliases = [], lists, ...rate } of models)
    own.set(id, { id, aliases, rates: [{ ...rate, source: `${lists}, ${readOn}` }] });
  drafts.set(provider, own);
}

/** The seed has what no list has, and nothing that the lists have: there its price was one voice. */
function addSeed(drafts: Drafts): void {
  for (const { id, models } of importGenaiPrices(0)) {
    for (const model of models) {
      // The seed has one list for both of Google's services; what others made is sold by Vertex only.
      const provider = id === "google" && isPartnerModel(model.id) ? "vertex" : id;
      const own = drafts.get(provider) ?? new Map<string, DraftModel>();
      drafts.set(provider, own);
      addSeedModel(own, provider, model);
    }
  }
}

function isPartnerModel(name: string): boolean {
  return name.startsWith("claude") || name.endsWith("-maas");
}

function addSeedModel(own: Map<string, DraftModel>, provider: string, model: ModelEntry): void {
  const taken = new Set([...own.values()].flatMap(({ id, aliases }) => [id, ...aliases]));
  const names = [model.id, ...(model.aliases ?? [])].filter(
    (name) => !taken.has(name) && !taken.has(toListKey(provider, name).name),
  );
  const [first, ...rest] = names;
  if (first === undefined) return;
  const source = `${SEED.name}, ${SEED.readOn}`;
  own.set(first, { id: first, aliases: rest, rates: model.rates.map((rate) => ({ ...rate, source })) });
}

function toCatalog(drafts: Drafts): CatalogFile {
  const sources = new Map<string, number>();
  const toSource = (text: string): number => sources.get(text) ?? (sources.set(text, sources.size), sources.size - 1);
  const providers = [...drafts].map(([id, models]) => ({
    id,
    tierFactors: TIER_FACTORS[id] ?? {},
    models: [...models.values()].sort((a, b) => (a.id < b.id ? -1 : 1)).map((model) => writeModel(model, toSource)),
  }));
  const list = (): SourceEntry[] =>
    [...sources.keys()].map((text) => ({
      name: text.slice(0, text.lastIndexOf(", ")),
      readOn: text.slice(text.lastIndexOf(", ") + 2),
    }));
  return { sources: list(), providers };
}

function writeModel({ id, aliases, rates }: DraftModel, toSource: (text: string) => number): string {
  const names = [id, ...new Set(aliases.filter((alias) => alias !== id))];
  const bad = names.find((name) => /[\s[]/.test(name));
  if (bad !== undefined) throw new Error(`A model's name has a blank or a bracket: "${bad}".`);
  return `${names.join(" ")} ${JSON.stringify(rates.map(({ source, ...rate }) => ({ ...rate, source: toSource(source) })))}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(CATALOG, buildCatalog());
