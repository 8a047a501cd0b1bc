import type { PriceBucket } from "@spancost/core";

/**
 * Prices as decimal strings in USD: per million tokens or characters, per one image, second, search or request.
 * A bucket that is absent has no price of its own and is billed as its parent (see core's `priceUsage`).
 */
export type PriceTable = { readonly [bucket in PriceBucket]?: string };

/** Prices that replace the base ones when the whole prompt, cached tokens included, is longer than `above` tokens. */
export interface ContextEntry {
  readonly above: number;
  readonly prices: PriceTable;
}

/** Prices with their context tiers. */
export interface PriceEntry {
  readonly prices: PriceTable;
  readonly context?: readonly ContextEntry[];
}

/** Prices of a service tier: a factor on the standard token prices, prices of its own, or a factor with exceptions. */
export interface TierEntry {
  readonly factor?: string;
  readonly prices?: PriceTable;
  readonly context?: readonly ContextEntry[];
}

/** Hours of the day, and weekdays, on which other prices apply (UTC). */
export interface WindowEntry extends PriceEntry {
  /** Half open interval of minutes "HH:MM" of the UTC day; it may wrap over midnight. */
  readonly hours: readonly [from: string, to: string];
  /** Weekdays on which the window applies, 0 = Sunday. @default every day */
  readonly weekdays?: readonly number[];
  /** Minutes to add to UTC before the weekday is read, for providers that count days in their own zone. @default 0 */
  readonly weekdayOffsetMinutes?: number;
}

/** What a region changes: a factor on every token price, or prices of its own. */
export type RegionEntry =
  | { readonly factor: string }
  | (PriceEntry & { readonly tiers?: Readonly<Record<string, TierEntry>> });

/** Prices of a model from a moment on, until the next entry's. */
export interface RateEntry extends PriceEntry {
  /** First moment, "YYYY-MM-DD" or an ISO time (UTC). Absent: since ever. */
  readonly from?: string;
  readonly tiers?: Readonly<Record<string, TierEntry>>;
  readonly windows?: readonly WindowEntry[];
  /** By region: as the provider writes it (`us-east-1`), by continent (`us`), or `*` for every region but the global endpoint. */
  readonly regions?: Readonly<Record<string, RegionEntry>>;
  /** Index into the catalogue's sources. */
  readonly source: number;
  /** `single`: only one list has the price. Absent: two independent lists agree, or we read it at the provider's. */
  readonly confidence?: "single";
}

/** A model: every name that means exactly it, and its dated prices in ascending order. */
export interface ModelEntry {
  readonly id: string;
  readonly aliases?: readonly string[];
  readonly rates: readonly RateEntry[];
}

/** A provider's price list. */
export interface ProviderEntry {
  readonly id: string;
  /** Factor on token prices of a service tier that a model has no prices of its own for. */
  readonly tierFactors: Readonly<Record<string, string>>;
  /** One model a line: its names, then its rates (`RateEntry[]`) as JSON. They are parsed when the model is first asked for. */
  readonly models: readonly string[];
}

/** Where a price was read, and when. */
export interface SourceEntry {
  readonly name: string;
  readonly readOn: string;
}

/** The compiled catalogue, as in `data/catalog.json`. */
export interface CatalogFile {
  readonly sources: readonly SourceEntry[];
  readonly providers: readonly ProviderEntry[];
}
