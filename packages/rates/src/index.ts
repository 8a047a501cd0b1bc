export type { CatalogFile, ModelEntry, PriceTable, RateEntry } from "./catalog-format.ts";
export { type Catalog, readCatalog } from "./catalog.ts";
export { createPricer, type PricedCall, type Pricer, type PricerOptions, priceCall, type RateLabel, type RateQuery, type RateResolution, type ResolvedRate } from "./pricer.ts";
