import type { ModelEntry, PriceEntry, RateEntry, RegionEntry, TierEntry, WindowEntry } from "./catalog-format.ts";
import { applyTier, type CardPrices, parsePriceEntry, scaleCard } from "./rate-card.ts";

/** Prices in a part of the day. */
interface CardWindow {
  readonly fromMinute: number;
  readonly toMinute: number;
  readonly weekdays: readonly number[] | null;
  readonly weekdayOffsetMinutes: number;
  readonly name: string;
  readonly card: CardPrices;
}

/** Prices from a moment on. */
export interface CardSegment {
  readonly fromMs: number;
  /** Start as the catalogue writes it, or "first". */
  readonly from: string;
  readonly card: CardPrices;
  readonly windows: readonly CardWindow[];
  /** Part of the version that says which tier and region. */
  readonly variant: string;
  readonly inferred: boolean;
  /** `false` when only one price list has the price. */
  readonly verified: boolean;
}

/** A model's prices over time for one service tier and one region. */
export type Timeline = readonly CardSegment[];

const GLOBAL = "global";
/** Names an entry for every region but the global endpoint. */
const ANY_REGION = "*";
const NO_TIME = Number.NEGATIVE_INFINITY;
const MINUTE_MS = 60_000;
const DAY_MINUTES = 1440;

/** Compiles a model's dated prices for one service tier ("" is standard) and region ("" is not told). */
export function buildTimeline(
  model: ModelEntry,
  tier: string,
  region: string,
  tierFactors: Readonly<Record<string, string>>,
): Timeline {
  return model.rates.map((rate) => buildSegment(rate, tier, region, tierFactors));
}

function buildSegment(
  rate: RateEntry,
  tier: string,
  region: string,
  tierFactors: Readonly<Record<string, string>>,
): CardSegment {
  const regionKey = findRegionKey(rate.regions ?? {}, region);
  const regional = regionKey === null ? undefined : rate.regions?.[regionKey];
  const owner =
    regional !== undefined && "prices" in regional
      ? { ...regional, tiers: regional.tiers ?? listFactorTiers(rate) }
      : rate;
  const served = pickTier(owner, tier, tierFactors);
  const factor = regional !== undefined && "factor" in regional ? regional.factor : null;
  const card = factor === null ? served.card : scaleCard(served.card, factor);
  const standard = tier === "" && owner === rate;
  return {
    fromMs: rate.from === undefined ? NO_TIME : Date.parse(rate.from),
    from: rate.from ?? "first",
    card,
    windows: standard ? (rate.windows ?? []).map((window) => buildWindow(window, factor)) : [],
    variant: [tier, regional === undefined ? "" : region].filter((part) => part !== "").join("+"),
    inferred: served.inferred,
    verified: rate.confidence !== "single",
  };
}

/** A region with prices of its own has the discounts of the model; prices of a tier are prices of one region. */
function listFactorTiers({ tiers = {} }: RateEntry): Readonly<Record<string, TierEntry>> {
  return Object.fromEntries(
    Object.entries(tiers).flatMap(([name, { factor }]) => (factor === undefined ? [] : [[name, { factor }]])),
  );
}

function pickTier(
  owner: PriceEntry & { readonly tiers?: Readonly<Record<string, TierEntry>> },
  tier: string,
  factors: Readonly<Record<string, string>>,
): { card: CardPrices; inferred: boolean } {
  const base = parsePriceEntry(owner);
  if (tier === "") return { card: base, inferred: false };
  const own = getOwn(owner.tiers ?? {}, tier);
  if (own !== undefined) return { card: applyTier(base, own), inferred: false };
  const factor = getOwn(factors, tier);
  return { card: factor === undefined ? base : scaleCard(base, factor), inferred: true };
}

/** Tiers are words from spans: `constructor` is none of ours. */
function getOwn<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

function buildWindow(window: WindowEntry, factor: string | null): CardWindow {
  const card = parsePriceEntry(window);
  return {
    fromMinute: parseMinute(window.hours[0]),
    toMinute: parseMinute(window.hours[1]),
    weekdays: window.weekdays ?? null,
    weekdayOffsetMinutes: window.weekdayOffsetMinutes ?? 0,
    name: window.hours.join("-"),
    card: factor === null ? card : scaleCard(card, factor),
  };
}

function parseMinute(text: string): number {
  const [hours = "", minutes = ""] = text.split(":");
  return Number(hours) * 60 + Number(minutes);
}

/** The most specific entry of a region: itself, what contains it (`us-gov-west-1`, `us-gov`, `us`), or any but the global endpoint. */
function findRegionKey(regions: Readonly<Record<string, RegionEntry>>, region: string): string | null {
  const parts = region.split("-");
  for (let length = parts.length; length > 0; length--) {
    const name = parts.slice(0, length).join("-");
    if (Object.hasOwn(regions, name)) return name;
  }
  return region !== "" && parts[0] !== GLOBAL && Object.hasOwn(regions, ANY_REGION) ? ANY_REGION : null;
}

/** The segment in force at a moment; before the first one, the first. */
export function findSegment(timeline: Timeline, timeUnixMs: number): CardSegment | undefined {
  for (let index = timeline.length - 1; index > 0; index--) {
    const segment = timeline[index];
    if (segment !== undefined && timeUnixMs >= segment.fromMs) return segment;
  }
  return timeline[0];
}

/** The window in force at a moment, or `undefined`. */
export function findWindow(segment: CardSegment, timeUnixMs: number): CardWindow | undefined {
  if (segment.windows.length === 0) return undefined;
  const date = new Date(timeUnixMs);
  const minute = date.getUTCHours() * 60 + date.getUTCMinutes();
  return segment.windows.find((window) => isInWindow(window, minute, timeUnixMs));
}

function isInWindow(window: CardWindow, minute: number, timeUnixMs: number): boolean {
  const length = (window.toMinute - window.fromMinute + DAY_MINUTES) % DAY_MINUTES;
  const into = (minute - window.fromMinute + DAY_MINUTES) % DAY_MINUTES;
  if (into >= length) return false;
  return (
    window.weekdays === null ||
    window.weekdays.includes(new Date(timeUnixMs + window.weekdayOffsetMinutes * MINUTE_MS).getUTCDay())
  );
}
