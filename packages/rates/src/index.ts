export type { CatalogFile, ModelEntry, PriceTable, ProviderEntry, RateEntry } from "./catalog-format.ts";
export { type Catalog, indexCatalog } from "./catalog.ts";
export { createPricer, type PricedCall, type Pricer, type PricerOptions, priceCall, type RateLabel, type RateQuery, type RateResolution, type ResolvedRate } from "./pricer.ts";
