import { GEN_AI } from "@spancost/core";
import { findCostHint } from "./price-span.ts";
import { reportFailure } from "./report-failure.ts";
import type { EndedSpan } from "./sdk-span.ts";
import { recallAttribution } from "./started-attribution.ts";
import { type AttributionKeys, writeAttribution } from "./write-attribution.ts";

/**
 * Puts attribution and cost into the attributes of an LLM span that has ended, where `setAttribute` does nothing any more; what it has
 * stays. The SDK's limits do not count these few: a processor adds them, not the app.
 */
export function completeSpan(span: EndedSpan, keys: AttributionKeys): void {
  try {
    const attributes = span.attributes as Record<string, unknown>;
    const attribution = recallAttribution(span);
    if (attribution !== undefined)
      writeAttribution(attributes, attribution, keys, (name, value) => {
        attributes[name] = value;
      });
    const amountUsd = findCostHint(span);
    if (amountUsd === undefined) return;
    attributes[GEN_AI.costAmount] = amountUsd;
    attributes[GEN_AI.costCurrency] = "USD";
    attributes[GEN_AI.costSource] = "local";
  } catch (error) {
    reportFailure("attribution_processor_failed", "a span could not be attributed", error);
  }
}
