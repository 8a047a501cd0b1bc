export { type AttributionOptions, getAttribution, withAttribution } from "./attribution.ts";
export {
  type AttributionKeys,
  AttributionSpanProcessor,
  type AttributionSpanProcessorOptions,
} from "./attribution-span-processor.ts";
export { CostSpanProcessor } from "./cost-span-processor.ts";
export type { Attribution, AttributionInput, AttributionValue } from "./merge-attribution.ts";
export { getOtelCounters, type OtelCounters, type OtelFailure } from "./report-failure.ts";
