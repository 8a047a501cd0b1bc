export { ATTRIBUTION_KEYS, GEN_AI, SPANCOST } from "./attribute-names.ts";
export type { CallReading } from "./call-reading.ts";
export { findUsageIssue, SECONDS_SCALE, type UsageIssue } from "./check-usage.ts";
export { isContentAttribute } from "./content-attributes.ts";
export { decimalFromNumber, divideHalfUp, formatDecimal, parseDecimal } from "./decimal.ts";
export { ATTRIBUTE_USES, type AttributeUse } from "./dialects/attribute-uses.ts";
export { DIALECTS, readsSpanNames } from "./dialects/registry.ts";
export { type PlainCall, readPlainCall } from "./dialects/read-plain-call.ts";
export type { Dialect, Source } from "./dialects/dialect.ts";
export type { Figures } from "./dialects/read-usage.ts";
export {
  type CostLine,
  MONEY_SCALE,
  PRICE_BUCKETS,
  type PriceBucket,
  priceTokens,
  priceUsage,
  type TokenCounts,
  UNIT_PRICE_SCALE,
  type UnitPrices,
  type UsageCost,
} from "./price-usage.ts";
export {
  ATTRIBUTION_SOURCES,
  type AttributionKeys,
  findAttribution,
  MAX_ATTRIBUTION_LENGTH,
  readAttribution,
  type SpanAttribution,
} from "./read-attribution.ts";
export { type CostIssue, type CostReading, LLM_COST_KIND, readCost, readKey } from "./read-cost.ts";
export { type CallShape, findCallShape, readSpan, readUsageOf, type UsageReading } from "./read-span.ts";
export type { SpanFacts } from "./span-facts.ts";
export { type Usage, UNKNOWN_USAGE } from "./usage.ts";
export type { DuplicateReason, Settlement, SettleCall, SettleSpan } from "./settle/settle-facts.ts";
export { settleCalls } from "./settle/settle-calls.ts";
