// Writes data/listed/<provider>.ndjson: what independent price lists agree on. The lists themselves do not ship.
// node --conditions=@spancost/source packages/rates/scripts/agree-prices.ts <folder of the lists>
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { PriceTable } from "../src/catalog-format.ts";
import { type AgreedRow, agreeOnRows, type RowKey } from "./agree-on-rows.ts";
import { readLists } from "./read-lists.ts";

/** The day on which the lists were read. */
const READ_ON = "2026-11-20";
const OUTPUT = fileURLToPath(new URL("../data/listed/", import.meta.url));
const DISPUTED = fileURLToPath(new URL("../data/disputed.json", import.meta.url));
const folder = process.argv[2];
if (folder === undefined) throw new Error("Say where the price lists are: agree-prices.ts <folder>.");

interface Tables {
  prices: PriceTable;
  context?: { above: number; prices: PriceTable }[];
}
interface TierOut {
  factor?: string;
  prices?: PriceTable;
  context?: { above: number; prices: PriceTable }[];
}
type Open = { -readonly [bucket in keyof PriceTable]: PriceTable[bucket] };

const rows = agreeOnRows(readLists((name) => JSON.parse(readFileSync(join(folder, name), "utf8"))));
const disputed = writeProviders(rows);
writeFileSync(DISPUTED, `${JSON.stringify({ readOn: READ_ON, disputed }, null, 2)}\n`);
console.log(`${disputed.length} names left out, because lists dispute their price: see ${DISPUTED}.`);

function writeProviders(agreed: readonly AgreedRow[]): string[] {
  rmSync(OUTPUT, { recursive: true, force: true });
  mkdirSync(OUTPUT, { recursive: true });
  const left: string[] = [];
  for (const provider of [...new Set(agreed.map(({ key }) => key.provider))].sort()) {
    const names = Map.groupBy(
      agreed.filter(({ key }) => key.provider === provider),
      ({ key }) => key.name,
    );
    const models = [...names]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([name, own]) => {
        const model = buildModel(name, own);
        const base = own.find(isBase);
        if (model === null && base !== undefined && isDisputed(base)) left.push(`${provider}/${name} (${base.said})`);
        return model ?? [];
      });
    const lines = [{ provider, readOn: READ_ON }, ...collapse(models)].map((line) => JSON.stringify(line));
    writeFileSync(join(OUTPUT, `${provider}.ndjson`), `${lines.join("\n")}\n`);
  }
  return left;
}

interface ModelOut {
  id: string;
  aliases?: string[];
  confidence?: "single";
  lists: string;
  prices: PriceTable;
  context?: Tables["context"];
  tiers?: Record<string, TierOut>;
  regions?: Record<string, object>;
}

function isBase({ key }: AgreedRow): boolean {
  return key.region === "" && key.tier === "" && key.above === 0;
}

function isDisputed({ disputed: buckets }: AgreedRow): boolean {
  return buckets.includes("input") || buckets.includes("output");
}

function buildModel(name: string, own: readonly AgreedRow[]): ModelOut | null {
  const base = own.find(isBase);
  if (base === undefined || isDisputed(base)) return null;
  if (!isPriced(name, base)) return null;
  const tables = collectTables(own, "", "");
  if (tables === null) return null;
  const tiers = collectTiers(own, "", tables);
  const regions = collectRegions(own, tables);
  return {
    id: name,
    ...(base.lists.length < 2 && !base.witnessed ? { confidence: "single" as const } : {}),
    lists: base.lists.join("+"),
    ...tables,
    ...(Object.keys(tiers).length > 0 ? { tiers } : {}),
    ...(Object.keys(regions).length > 0 ? { regions } : {}),
  };
}

/** A price of nothing that only one list has is a gap in that list, not a free model. Reranking has no bucket. */
function isPriced(name: string, { prices, lists }: AgreedRow): boolean {
  const own = Object.entries(prices).filter(([bucket]) => bucket !== "web_search_requests");
  if (name.includes("rerank") || name.includes("ranker") || own.every(([bucket]) => bucket === "output")) return false;
  return lists.length > 1 || own.some(([, price]) => price !== "0");
}

function collectTables(own: readonly AgreedRow[], region: string, tier: string): Tables | null {
  const mine = own.filter(({ key }) => key.region === region && key.tier === tier);
  const base = mine.find(({ key }) => key.above === 0);
  if (base === undefined) return null;
  const prices = dropRepeats(base.prices);
  const context = mine
    .filter(
      ({ key, prices: long }) =>
        key.above > 0 &&
        long.input !== undefined &&
        (long.input !== base.prices.input || long.output !== base.prices.output),
    )
    .sort((a, b) => a.key.above - b.key.above)
    .map(({ key, prices: long }) => ({ above: key.above, prices: dropRepeats(fillContext(base.prices, long)) }));
  return context.length > 0 ? { prices, context } : { prices };
}

/** A long-context row states some buckets; the cache buckets follow the input price, the rest stays. */
function fillContext(base: PriceTable, long: PriceTable): PriceTable {
  const filled: Open = { ...long };
  const ratio = Number(long.input) / Number(base.input);
  for (const bucket of ["cache_read", "cache_write_5m", "cache_write_1h"] as const) {
    const price = base[bucket];
    if (price !== undefined && filled[bucket] === undefined) filled[bucket] = multiply(price, ratio);
  }
  delete filled.web_search_requests;
  for (const [bucket, price] of Object.entries(base))
    if (!(bucket in filled)) Object.assign(filled, { [bucket]: price });
  return filled;
}

/** A bucket at its parent's price has no price of its own. */
function dropRepeats(prices: PriceTable): PriceTable {
  const kept: Open = { ...prices };
  if (kept.reasoning === kept.output) delete kept.reasoning;
  if (kept.audio_out === kept.output) delete kept.audio_out;
  if (kept.image_out === kept.output) delete kept.image_out;
  if (kept.audio_in === kept.input) delete kept.audio_in;
  if (kept.image_in === kept.input) delete kept.image_in;
  if (kept.cache_write_1h !== undefined && kept.cache_write_1h === (kept.cache_write_5m ?? kept.input))
    delete kept.cache_write_1h;
  return kept;
}

function collectTiers(own: readonly AgreedRow[], region: string, base: Tables): Record<string, TierOut> {
  const tiers: Record<string, TierOut> = {};
  for (const tier of new Set(
    own.filter(({ key }) => key.region === region && key.tier !== "").map(({ key }) => key.tier),
  )) {
    const tables = collectTables(own, region, tier);
    if (tables === null || tables.prices.input === undefined) continue;
    const out = toFactor(base, tables);
    // Batch at the standard price is a statement (some old models have no discount); any other such tier is a gap in a list.
    if (out !== null) tiers[tier] = out;
    else if (tier === "batch") tiers[tier] = { factor: "1" };
  }
  return tiers;
}

/** A tier as a factor on the base price and the buckets that deviate; `null` when it is the base price. */
function toFactor(base: Tables, tier: Tables): TierOut | null {
  const ratio = Number(tier.prices.input) / Number(base.prices.input);
  const rounded = Number(ratio.toFixed(4));
  const sameOutput =
    tier.prices.output === undefined ||
    base.prices.output === undefined ||
    tier.prices.output === multiply(base.prices.output, rounded);
  if (!Number.isFinite(ratio) || Math.abs(ratio - rounded) > 1e-9 || !sameOutput)
    return { prices: tier.prices, ...(tier.context ? { context: tier.context } : {}) };
  const prices = listDeviations(base.prices, tier.prices, rounded);
  const context = (tier.context ?? []).flatMap(({ above, prices: long }) => {
    const own = base.context?.find((entry) => entry.above === above);
    const deviations = own === undefined ? long : listDeviations(own.prices, long, rounded);
    return Object.keys(deviations).length > 0 ? [{ above, prices: deviations }] : [];
  });
  if (rounded === 1 && Object.keys(prices).length === 0 && context.length === 0) return null;
  return {
    factor: String(rounded),
    ...(Object.keys(prices).length > 0 ? { prices } : {}),
    ...(context.length > 0 ? { context } : {}),
  };
}

function listDeviations(base: PriceTable, other: PriceTable, ratio: number): PriceTable {
  const entries = Object.entries(other).filter(([bucket, price]) => {
    const own = base[bucket as keyof PriceTable];
    return bucket !== "web_search_requests" && (own === undefined || multiply(own, ratio) !== price);
  });
  return Object.fromEntries(entries);
}

function multiply(price: string, ratio: number): string {
  return String(Number((Number(price) * ratio).toPrecision(10)));
}

function collectRegions(own: readonly AgreedRow[], base: Tables): Record<string, object> {
  const regions: Record<string, object> = {};
  for (const region of [...new Set(own.map(({ key }: { key: RowKey }) => key.region))]
    .filter((name) => name !== "")
    .sort()) {
    const tables = collectTables(own, region, "");
    if (tables === null || tables.prices.input === undefined) continue;
    const text = {
      input: tables.prices.input,
      ...(tables.prices.output === undefined ? {} : { output: tables.prices.output }),
    };
    // The regional rows of one list carry the cache prices of another region and mode: only text prices are taken, the rest follows.
    const ratio = toFactor(base, { prices: text });
    if (ratio === null) continue;
    if (ratio.factor !== undefined && ratio.prices === undefined) {
      regions[region] = { factor: ratio.factor };
      continue;
    }
    const out = toFactor(base, tables);
    if (out === null) continue;
    if (out.factor !== undefined && out.prices === undefined && out.context === undefined)
      regions[region] = { factor: out.factor };
    else {
      regions[region] = tables;
    }
  }
  return regions;
}

/** A dated or `-latest` name at exactly the price of the plain name becomes its alias. */
function collapse(models: readonly ModelOut[]): ModelOut[] {
  const byId = new Map(models.map((model) => [model.id, model]));
  const kept: ModelOut[] = [];
  for (const model of models) {
    const plain = byId.get(model.id.replace(/(?:-latest|-20\d\d-\d\d-\d\d|-20\d{6})$/, ""));
    if (plain !== undefined && plain !== model && samePrice(plain, model)) (plain.aliases ??= []).push(model.id);
    else kept.push(model);
  }
  return kept;
}

function samePrice(left: ModelOut, right: ModelOut): boolean {
  const price = ({ prices, context, tiers, regions }: ModelOut): string =>
    JSON.stringify(sortKeys({ prices, context, tiers, regions }));
  return price(left) === price(right);
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, entry]) => [key, sortKeys(entry)]);
}
