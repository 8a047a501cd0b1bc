import { formatDecimal, type PriceBucket, UNIT_PRICE_SCALE } from "@spancost/core";
import type { ResolvedRate } from "./priced-call.ts";
import { getDefaultPricer, type Pricer } from "./pricer.ts";
import { toListKey } from "./price-lists/list-key.ts";
import type { ListedPrice } from "./price-lists/listed-price.ts";
import { type PriceListName, readPriceList } from "./price-lists/read-price-list.ts";
import { parsePrices } from "./rate-card.ts";

/** A parsed price list, and the day it was taken. */
export interface PriceList {
  readonly name: PriceListName;
  readonly content: unknown;
  readonly timeUnixMs: number;
}

/** A listed model that we cannot price, or price otherwise than two lists that agree. */
export interface RateFinding {
  readonly provider: string;
  readonly model: string;
  readonly reason: string;
}

/** How our catalogue compares with price lists. */
export interface RatesReport {
  readonly byProvider: readonly ProviderCoverage[];
  readonly total: Omit<ProviderCoverage, "provider">;
  readonly unresolved: readonly RateFinding[];
  readonly disagreeing: readonly RateFinding[];
  /** Models on whose price no two of several lists agree. */
  readonly disputed: readonly RateFinding[];
}

/** Counts of one provider's listed chat, embedding and audio models. */
export interface ProviderCoverage {
  readonly provider: string;
  readonly listed: number;
  readonly resolved: number;
  /** Of the resolved, those on whose price two lists agree with each other. */
  readonly compared: number;
  /** Of the compared, those that we price within one per cent of them. */
  readonly agreed: number;
}

/** Providers that the report covers. */
const PROVIDERS = [
  "openai",
  "anthropic",
  "google",
  "groq",
  "mistral",
  "deepseek",
  "xai",
  "cohere",
  "azure",
  "bedrock",
  "vertex",
];
/** Buckets that are compared: what nearly every call is billed by. */
const COMPARED: readonly PriceBucket[] = ["input", "output", "cache_read", "audio_seconds", "characters"];
const TOLERANCE_PERCENT = 1n;

/** Compares the catalogue with price lists: what resolves, what agrees, and by name what does not. Pure: reads nothing but its input. */
export function checkRates(lists: readonly PriceList[], pricer: Pricer = getDefaultPricer()): RatesReport {
  const models = groupByModel(lists);
  const unresolved: RateFinding[] = [];
  const disagreeing: RateFinding[] = [];
  const disputed: RateFinding[] = [];
  const byProvider = PROVIDERS.map((provider) => {
    const coverage = { provider, listed: 0, resolved: 0, compared: 0, agreed: 0 };
    for (const { model, rows } of models.get(provider) ?? []) {
      coverage.listed++;
      const verdict = checkModel(provider, model, rows, pricer);
      if (verdict.kind === "unresolved") unresolved.push({ provider, model, reason: verdict.reason });
      else coverage.resolved++;
      if (verdict.kind === "disputed") disputed.push({ provider, model, reason: verdict.reason });
      if (verdict.kind === "disagrees") disagreeing.push({ provider, model, reason: verdict.reason });
      if (verdict.kind === "agrees" || verdict.kind === "disagrees") coverage.compared++;
      if (verdict.kind === "agrees") coverage.agreed++;
    }
    return coverage;
  });
  return { byProvider, total: sumUp(byProvider), unresolved, disagreeing, disputed };
}

function sumUp(parts: readonly ProviderCoverage[]): RatesReport["total"] {
  const sum = (key: "listed" | "resolved" | "compared" | "agreed"): number =>
    parts.reduce((total, part) => total + part[key], 0);
  return { listed: sum("listed"), resolved: sum("resolved"), compared: sum("compared"), agreed: sum("agreed") };
}

type Row = ListedPrice & { readonly timeUnixMs: number };

function groupByModel(lists: readonly PriceList[]): Map<string, { model: string; rows: Row[] }[]> {
  const byProvider = new Map<string, Map<string, { model: string; rows: Row[] }>>();
  for (const { name, content, timeUnixMs } of lists) {
    for (const row of readPriceList(name, content)) {
      if (
        row.kind === "other" ||
        row.tier !== "" ||
        row.above > 0 ||
        row.region !== "" ||
        !PROVIDERS.includes(row.provider)
      )
        continue;
      const models = byProvider.get(row.provider) ?? new Map<string, { model: string; rows: Row[] }>();
      byProvider.set(row.provider, models);
      const { name: canonical, region } = toListKey(row.provider, row.model);
      const group = models.get(`${canonical}|${region}`) ?? { model: row.model, rows: [] };
      models.set(`${canonical}|${region}`, group);
      group.rows.push({ ...row, timeUnixMs });
    }
  }
  return new Map([...byProvider].map(([provider, models]) => [provider, [...models.values()]]));
}

type Verdict =
  | { readonly kind: "agrees" | "single" }
  | { readonly kind: "unresolved" | "disagrees" | "disputed"; readonly reason: string };

function checkModel(provider: string, model: string, rows: readonly Row[], pricer: Pricer): Verdict {
  const resolve = (timeUnixMs: number): ResolvedRate | string => {
    const resolution = pricer.resolve({ provider, model, timeUnixMs });
    return resolution.ok ? resolution.rate : resolution.reason;
  };
  const first = resolve(rows[0]?.timeUnixMs ?? 0);
  if (typeof first === "string") return { kind: "unresolved", reason: first };
  let kind: "agrees" | "single" | "disputed" = "single";
  for (const bucket of COMPARED) {
    const listed = rows
      .flatMap((row) => ({ list: row.list, timeUnixMs: row.timeUnixMs, price: parsePrices(row.prices)[bucket] }))
      .filter(({ price }) => price !== undefined);
    const agreeing = findAgreeing(listed);
    if (agreeing.length === 0) {
      if (new Set(listed.map(({ list }) => list)).size > 1 && bucket !== "cache_read") kind = "disputed";
      continue;
    }
    if (kind === "single") kind = "agrees";
    const ours = agreeing
      .map(({ timeUnixMs }) => resolve(timeUnixMs))
      .map((rate) => (typeof rate === "string" ? undefined : priceOf(rate, bucket)));
    const prices = agreeing.map(({ price }) => price ?? 0n);
    if (ours.some((own) => prices.some((price) => isNear(own ?? 0n, price)))) continue;
    const backing = listed.filter(({ timeUnixMs, price }) => isPricedAt(resolve(timeUnixMs), bucket, price));
    // Lists that copy each other agree easily: a price that another list has as we have it is in dispute, not wrong.
    if (backing.length > 0)
      return {
        kind: "disputed",
        reason: `${describe(rows)}; the catalogue holds with ${backing.map(({ list }) => list).join(", ")}`,
      };
    return {
      kind: "disagrees",
      reason: `${bucket}: lists ${prices.map(writePrice).join(", ")}; catalogue ${writePrice(ours[0])} (USD per million tokens)`,
    };
  }
  return kind === "disputed" ? { kind, reason: describe(rows) } : { kind };
}

function isPricedAt(rate: ResolvedRate | string, bucket: PriceBucket, price: bigint | undefined): boolean {
  return typeof rate !== "string" && isNear(priceOf(rate, bucket) ?? 0n, price ?? 0n);
}

function writePrice(price: bigint | undefined): string {
  return price === undefined ? "none" : formatDecimal(price, UNIT_PRICE_SCALE - 6);
}

function describe(rows: readonly Row[]): string {
  return rows.map(({ list, prices }) => `${list} ${prices.input ?? "-"}/${prices.output ?? "-"}`).join(", ");
}

/** What a bucket is billed at: its own price, or its parent's. */
function priceOf({ prices }: ResolvedRate, bucket: PriceBucket): bigint | undefined {
  return prices[bucket] ?? (bucket === "cache_read" ? prices.input : undefined);
}

interface ListedUnit {
  readonly list: string;
  readonly timeUnixMs: number;
  readonly price: bigint | undefined;
}

/** The prices that most lists agree on, at least two; none when two groups of lists contradict each other. */
function findAgreeing(listed: readonly ListedUnit[]): readonly ListedUnit[] {
  const groups = listed.map(({ price }) => listed.filter((other) => isNear(price ?? 0n, other.price ?? 0n)));
  const support = (group: readonly ListedUnit[]): number => new Set(group.map(({ list }) => list)).size;
  const best = groups.toSorted((a, b) => support(b) - support(a))[0] ?? [];
  return support(best) >= 2 ? best : [];
}

function isNear(left: bigint, right: bigint): boolean {
  const [low, high] = left < right ? [left, right] : [right, left];
  return (high - low) * 100n <= high * TOLERANCE_PERCENT;
}
