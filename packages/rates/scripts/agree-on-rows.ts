import type { PriceTable } from "../src/catalog-format.ts";
import { toListKey } from "../src/price-lists/list-key.ts";
import type { ListedPrice } from "../src/price-lists/listed-price.ts";
import { importGenaiPrices } from "./import-genai-prices.ts";

/** What a row of a price list is about. */
export interface RowKey {
  readonly provider: string;
  readonly name: string;
  readonly region: string;
  readonly tier: string;
  readonly above: number;
}

/** What the lists say about one key. */
export interface AgreedRow {
  readonly key: RowKey;
  readonly prices: PriceTable;
  /** Lists that agree on the input price (or the first bucket). */
  readonly lists: readonly string[];
  /** Buckets on which no two of several lists agree. */
  readonly disputed: readonly string[];
  /** Whether the maker's own price, or the undated name's, agrees with a price that only one list has. */
  readonly witnessed: boolean;
  /** What each list says of input and output, for the record of disputes. */
  readonly said: string;
}

/** Which list's figure is taken where several agree: the more precise and younger first. */
const ORDER = ["genai-prices", "litellm", "models.dev", "langfuse", "portkey", "simonw"];
const TOLERANCE = 0.01;
/** Clouds that sell a maker's models at the maker's price: the maker's list is a witness, not a price. */
const WITNESSES: Readonly<Record<string, readonly string[]>> = {
  vertex: ["google", "anthropic"],
  azure: ["openai", "anthropic"],
};
/** Storage fees and the like under the name of cache writes: these providers do not bill writes by the token. */
const NO_CACHE_WRITES = /^(?:google|vertex\/gemini|bedrock\/amazon|mistral|deepseek|xai|groq)/;

type Values = Map<string, Map<string, Set<string>>>;

/** Groups the rows of all lists and of the seed, and takes for every bucket the price that most lists agree on. */
export function agreeOnRows(listed: readonly ListedPrice[]): AgreedRow[] {
  const groups = new Map<string, { key: RowKey; values: Values }>();
  for (const row of [...listed, ...readSeed()]) addRow(groups, row);
  const own = [...groups.values()].filter(({ values }) =>
    [...values.values()].some((lists) => [...lists.keys()].some((list) => list !== "genai-prices")),
  );
  return own.map(({ key, values }) => agree(key, alignWithBase(groups, key, values), listWitnesses(groups, key)));
}

function addRow(groups: Map<string, { key: RowKey; values: Values }>, row: ListedPrice): void {
  const { name, region } = toListKey(row.provider, row.model);
  const key = {
    provider: row.provider,
    name,
    region: row.region === "" ? region : row.region,
    tier: row.tier,
    above: row.above,
  };
  if (row.list === "portkey" && row.provider === "google" && row.above === 128_000 && !name.startsWith("gemini-1.5"))
    return;
  const id = toId(key);
  const group = groups.get(id) ?? { key, values: new Map() };
  groups.set(id, group);
  for (const [bucket, price] of Object.entries(row.prices)) {
    if (bucket.startsWith("cache_write") && NO_CACHE_WRITES.test(`${key.provider}/${name}`)) continue;
    const lists = group.values.get(bucket) ?? new Map<string, Set<string>>();
    group.values.set(bucket, lists);
    lists.set(row.list, (lists.get(row.list) ?? new Set()).add(price));
  }
}

function toId({ provider, name, region, tier, above }: RowKey): string {
  return [provider, name, region, tier, above].join("|");
}

/** The seed as one more list: the price in force on the day the lists were read. */
function readSeed(): ListedPrice[] {
  return importGenaiPrices(0).flatMap(({ id, models }) =>
    models.flatMap((model) => {
      const rate = model.rates.findLast(({ from }) => from === undefined || from <= "2026-11-20") ?? model.rates[0];
      const names = [model.id, ...(model.aliases ?? [])].filter((name) => !name.startsWith("regional."));
      return names.flatMap((name): ListedPrice[] => {
        const row = {
          list: "genai-prices",
          provider: id === "google" && /claude|-maas/.test(name) ? "vertex" : id,
          model: name,
          kind: "other" as const,
          region: "",
          tier: "",
        };
        return rate === undefined
          ? []
          : [
              { ...row, above: 0, prices: rate.prices ?? {} },
              ...(rate.context ?? []).map(({ above, prices }) => ({ ...row, above, prices })),
            ];
      });
    }),
  );
}

/**
 * A list that is behind on the base price is behind on tiers too: its tier prices are taken as factors. Its prices for regions and
 * long prompts are not taken at all.
 */
function alignWithBase(groups: ReadonlyMap<string, { values: Values }>, key: RowKey, values: Values): Values {
  const base = groups.get(toId({ ...key, region: "", tier: "", above: 0 }))?.values;
  if (base === undefined || (key.region === "" && key.tier === "" && key.above === 0)) return values;
  const aligned: Values = new Map();
  for (const [bucket, byList] of values) {
    const agreed = pickPrice(listSupport(base.get(bucket) ?? byList)).price;
    for (const [list, prices] of byList) {
      const [own = agreed] = base.get(bucket)?.get(list) ?? [];
      if (!isSame(own, agreed) && (key.region !== "" || key.above > 0)) continue;
      const scaled = [...prices].map((price) =>
        isSame(own, agreed) ? price : String(Number(((Number(price) * Number(agreed)) / Number(own)).toPrecision(8))),
      );
      const lists = aligned.get(bucket) ?? new Map<string, Set<string>>();
      aligned.set(bucket, lists.set(list, new Set(scaled)));
    }
  }
  return aligned;
}

function listSupport(byList: ReadonlyMap<string, ReadonlySet<string>>): { list: string; price: string }[] {
  return [...byList].flatMap(([list, found]) => [...found].map((price) => ({ list, price })));
}

function listWitnesses(groups: ReadonlyMap<string, { values: Values }>, key: RowKey): Values[] {
  const undated = key.name.replace(/(?:-latest|-20\d\d-\d\d-\d\d|-20\d{6})$/, "");
  const ids = [{ ...key, name: undated }, ...(WITNESSES[key.provider] ?? []).map((provider) => ({ ...key, provider }))]
    .map(toId)
    .filter((id) => id !== toId(key));
  return ids.flatMap((id) => groups.get(id)?.values ?? []);
}

function agree(key: RowKey, values: Values, witnesses: readonly Values[]): AgreedRow {
  const prices: Record<string, string> = {};
  const disputed: string[] = [];
  let lists: readonly string[] = [];
  let witnessed = false;
  for (const [bucket, byList] of values) {
    const seenElsewhere = witnesses.flatMap((witness) => listSupport(witness.get(bucket) ?? new Map()));
    const best = pickPrice(
      listSupport(byList),
      seenElsewhere.map(({ price }) => price),
    );
    const seen = seenElsewhere.some(({ price }) => isSame(price, best.price));
    if (byList.size > 1 && best.lists.length < 2 && !seen) disputed.push(bucket);
    prices[bucket] = best.price;
    if (bucket === "input" || lists.length === 0) [lists, witnessed] = [best.lists, seen];
  }
  return { key, prices, lists: lists.toSorted(), disputed, witnessed, said: describe(values) };
}

function describe(values: Values): string {
  const buckets = ["input", "output"].flatMap((bucket) => {
    const said = [...(values.get(bucket) ?? [])].map(([list, prices]) => `${list} ${[...prices].join("/")}`);
    return said.length > 0 ? [`${bucket}: ${said.join(", ")}`] : [];
  });
  return buckets.join("; ");
}

/** The price with most lists behind it; among those that agree, the one written the same by most, then by the first of the order. */
function pickPrice(
  support: readonly { list: string; price: string }[],
  witnesses: readonly string[] = [],
): { price: string; lists: string[] } {
  const scored = support.map(({ list, price }) => ({
    price,
    lists: [...new Set(support.filter((other) => isSame(other.price, price)).map((other) => other.list))],
    witnessed: witnesses.some((other) => isSame(other, price)) ? 1 : 0,
    exact: support.filter((other) => other.price === price).length,
    order: ORDER.indexOf(list),
  }));
  const [best] = scored.sort(
    (a, b) => b.lists.length - a.lists.length || b.witnessed - a.witnessed || b.exact - a.exact || a.order - b.order,
  );
  if (best === undefined) throw new Error("No list has the price.");
  return best;
}

/** Within one per cent, or one a rounding of the other to two digits (some lists round to the cent). */
function isSame(left: string, right: string): boolean {
  const [a, b] = [Number(left), Number(right)];
  return (
    a === b ||
    Math.abs(a - b) <= TOLERANCE * Math.max(a, b) ||
    (a > 0 && b > 0 && (Number(a.toPrecision(2)) === b || Number(b.toPrecision(2)) === a))
  );
}
