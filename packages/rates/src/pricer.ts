import type { CallReading, CostLine, Usage } from "@spancost/core";
import { findUsageIssue } from "@spancost/core";
import { type Catalog, getDefaultCatalog } from "./catalog.ts";
import { type Contract, compileContract, indexMappings, type ModelMapping } from "./operator-rules.ts";
import { priceAt } from "./price-at.ts";
import { priceReading } from "./price-reading.ts";
import type { CardPrices } from "./rate-card.ts";
import { createResolver } from "./resolver.ts";

/** Which price is asked for. */
export interface RateQuery {
  /** As the span names it: `openai`, `gcp.vertex_ai`, `aws.bedrock`, "" when it does not say. */
  readonly provider: string;
  readonly model: string;
  readonly timeUnixMs: number;
  /** The tier that was served, in the provider's word. */
  readonly serviceTier?: string;
  readonly inferenceRegion?: string;
}

/** The price list's name for what was called, and the dated entry that prices it. */
export interface RateLabel {
  readonly provider: string;
  readonly model: string;
  /** Names the dated entry, service tier, region, hours and contract: `2024-10-02`, `first:batch`, `2026-03-13:us:acme-2026`. */
  readonly version: string;
  /** Whether provider, model or tier were concluded rather than named. */
  readonly inferred: boolean;
}

/** The price of a model at a moment. */
export interface ResolvedRate extends RateLabel, CardPrices {
  /** `false` when only one price list has the price. */
  readonly verified: boolean;
  /** The label alone, as a report or a message takes it. */
  readonly label: RateLabel;
  /** What the operator pays instead, by a contract. */
  readonly contract?: CardPrices & { readonly name: string };
}

/** Why there is no price. */
export type UnpricedReason = "unknown-provider" | "unknown-model" | "needs-mapping";

/** A price, or why there is none and which known names are near. */
export type RateResolution =
  | { readonly ok: true; readonly rate: ResolvedRate }
  | { readonly ok: false; readonly reason: UnpricedReason; readonly nearest: readonly string[] };

/** What a call costs, or why that is not known. */
export type PricedCall =
  | {
      readonly outcome: "priced";
      /** What the operator pays, in 1e-12 USD. */
      readonly costPicoUsd: bigint;
      /** What the public price list asks, in 1e-12 USD. */
      readonly listPicoUsd: bigint;
      readonly inferred: boolean;
      /** Whether the cost is the provider's own figure. */
      readonly provided: boolean;
      readonly rate: RateLabel;
      /** The parts of the cost; empty when the provider gave one figure. */
      readonly lines: readonly CostLine[];
    }
  | {
      readonly outcome: "unpriced" | "unknown_usage" | "rejected" | "not_billed";
      readonly reason: string;
      readonly nearest?: readonly string[];
    };

/** Resolves and prices calls; a resolution is remembered for every combination of provider, model, tier and region. */
export interface Pricer {
  /** Finds the price of a model at a moment. */
  resolve(query: RateQuery): RateResolution;
  /** Prices a usage; an impossible one is rejected. */
  price(query: RateQuery & { readonly usage: Usage }): PricedCall;
  /** Prices what a span says; a contract goes before the provider's own figure, that before the catalogue. */
  priceCall(reading: CallReading, timeUnixMs: number): PricedCall;
}

/** What an operator adds to the catalogue. */
export interface PricerOptions {
  /** @default the public catalogue that ships with the package */
  readonly catalog?: Catalog;
  readonly contracts?: readonly Contract[];
  readonly mappings?: readonly ModelMapping[];
}

/**
 * Creates a pricer; without options it knows the public catalogue only.
 * @throws {RangeError} when a contract or a mapping cannot be read
 */
export function createPricer(options: PricerOptions = {}): Pricer {
  const { catalog = getDefaultCatalog(), contracts = [], mappings = [] } = options;
  const resolve = createResolver(catalog, contracts.map(compileContract), indexMappings(mappings));
  return {
    resolve,
    price(query) {
      const issue = findUsageIssue(query.usage);
      return issue === null ? priceAt(resolve(query), query.usage) : { outcome: "rejected", reason: issue };
    },
    priceCall: (reading, timeUnixMs) => priceReading(reading, timeUnixMs, resolve),
  };
}

let defaultPricer: Pricer | undefined;

/** The pricer that knows the public catalogue alone. */
export function getDefaultPricer(): Pricer {
  defaultPricer ??= createPricer();
  return defaultPricer;
}

/** Prices a call by the public catalogue alone. */
export function priceCall(reading: CallReading, timeUnixMs: number): PricedCall {
  return getDefaultPricer().priceCall(reading, timeUnixMs);
}
