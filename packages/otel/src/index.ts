export {
  type AttributionField,
  type AttributionOptions,
  clearAttribution,
  getAttribution,
  setAttribution,
  withAttribution,
} from "./attribution.ts";
export { AttributionSpanProcessor, type AttributionSpanProcessorOptions } from "./attribution-span-processor.ts";
export { BillingSampler, type BillingSamplerOptions } from "./billing/billing-sampler.ts";
export { BillingSpanProcessor, type BillingSpanProcessorOptions } from "./billing/billing-span-processor.ts";
export type { ExportQueueOptions } from "./billing/export-queue.ts";
export { attributeIterable } from "./binding/attribute-iterable.ts";
export { bindAttribution } from "./binding/bind-attribution.ts";
export { bindEmitter } from "./binding/bind-emitter.ts";
export { bindStream } from "./binding/bind-stream.ts";
export { type AttributionCarrier, captureAttribution, type CarrierOptions, runWithCarrier } from "./binding/carrier.ts";
export { AttributionPropagator, type AttributionPropagatorOptions } from "./boundary/attribution-propagator.ts";
export { createHostAllowList, type HostAllowList, type HostAllowListOptions } from "./boundary/host-allow-list.ts";
export { withTargetUrl } from "./boundary/request-target.ts";
export { parseSigningKeys, type SigningKey, type SigningKeysResult } from "./boundary/signing-keys.ts";
export { createPeerTrust, findPeerProblems, type PeerTrust, runWithTrustedClaims } from "./boundary/trusted-peers.ts";
export { type AttributionConfiguration, configureAttribution } from "./configure-attribution.ts";
export { type CostRecord, type CostRecorded, type DecimalInput, recordCost } from "./costs/record-cost.ts";
export { recordUsage, type RecordedUsage, type UsageRecord } from "./costs/record-usage.ts";
export { task, type TaskOptions } from "./costs/task.ts";
export { setCostTracerProvider } from "./costs/tracer.ts";
export { CostSpanProcessor } from "./cost-span-processor.ts";
export type { Attribution, AttributionInput, AttributionValue } from "./merge-attribution.ts";
export { type ClaimRefusal, getOtelCounters, type OtelCounters, type OtelFailure } from "./report-failure.ts";
export type { HashedField, HashIdsOptions } from "./opaque-ids.ts";
export type { SpanExporter } from "./sdk-span.ts";
export { SpancostSpanProcessor, type SpancostSpanProcessorOptions } from "./spancost-span-processor.ts";
export type { AttributionKeyOptions, AttributionKeys } from "./write-attribution.ts";
