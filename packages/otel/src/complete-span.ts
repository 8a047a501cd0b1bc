import type { GEN_AI } from "@spancost/core";
import { findCostHint } from "./price-span.ts";
import { reportFailure } from "./report-failure.ts";
import type { EndedSpan } from "./sdk-span.ts";
import { recallAttribution } from "./started-attribution.ts";
import type { AttributionWriter } from "./write-attribution.ts";

/** The names as they stand in the code below, held against their definition by the compiler. */
interface Priced {
  [name: string]: unknown;
  [GEN_AI.costAmount]?: number;
  [GEN_AI.costCurrency]?: "USD";
  [GEN_AI.costSource]?: "local";
}

/**
 * Puts attribution and cost into the attributes of an LLM span that has ended, where `setAttribute` does nothing any more; what it has
 * stays. The SDK's limits do not count these few: a processor adds them, not the app.
 */
export function completeSpan(span: EndedSpan, writer: AttributionWriter): void {
  try {
    const attribution = recallAttribution(span);
    if (attribution !== undefined) writer.add(span.attributes, span.attributes, attribution);
    writeCost(span);
  } catch (error) {
    reportFailure("attribution_processor_failed", "a span could not be attributed", error);
  }
}

/** Writes the cost hint into the attributes of a span that has ended; with the names written out, which is much the fastest. */
export function writeCost(span: EndedSpan): void {
  const amountUsd = findCostHint(span);
  if (amountUsd === undefined) return;
  const attributes: Priced = span.attributes;
  attributes["gen_ai.usage.cost.amount"] = amountUsd;
  attributes["gen_ai.usage.cost.currency"] = "USD";
  attributes["gen_ai.usage.cost.source"] = "local";
}
