export type { CatalogFile, ModelEntry, PriceTable, ProviderEntry, RateEntry } from "./catalog-format.ts";
export { type Catalog, getDefaultCatalog, type ProviderCatalog, readCatalog } from "./catalog.ts";
export {
  checkRates,
  type PriceList,
  type ProviderCoverage,
  type RateFinding,
  type RatesReport,
} from "./check-rates.ts";
export type { Contract, ModelMapping } from "./operator-rules.ts";
export type { PriceListName } from "./price-lists/read-price-list.ts";
export type { CardPrices, ContextTier } from "./rate-card.ts";
export { type OperatorFile, readOperatorFile } from "./read-operator-file.ts";
export { priceCallInBrief, priceCard } from "./price-in-brief.ts";
export { type PriceRequestUsage, type PriceResponse, priceRequest } from "./price-request.ts";
export type { PricedCall, RateLabel, RateQuery, RateResolution, ResolvedRate, UnpricedReason } from "./priced-call.ts";
export { createPricer, getDefaultPricer, type Pricer, type PricerOptions, priceCall } from "./pricer.ts";
