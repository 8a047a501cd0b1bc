import type { CallReading, Usage } from "@spancost/core";
import { findUsageIssue } from "@spancost/core";
import { type Catalog, getDefaultCatalog } from "./catalog.ts";
import { type Contract, compileContract, indexMappings, type ModelMapping } from "./operator-rules.ts";
import { priceAt } from "./price-at.ts";
import { type NamedCall, priceReading, resolveReading } from "./price-reading.ts";
import type { PricedCall, RateQuery, RateResolution } from "./priced-call.ts";
import { createResolver } from "./resolver.ts";

/** Resolves and prices calls; a resolution is remembered for every combination of provider, model, tier and region. */
export interface Pricer {
  /** Finds the price of a model at a moment. */
  resolve(query: RateQuery): RateResolution;
  /** Prices a usage; an impossible one is rejected. */
  price(query: RateQuery & { readonly usage: Usage }): PricedCall;
  /** Finds the price of what a span says, by the reported model or, where that says nothing, the requested one. */
  resolveCall(call: NamedCall, timeUnixMs: number): RateResolution;
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
    resolveCall: (call, timeUnixMs) => resolveReading(call, timeUnixMs, resolve),
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
