import { GEN_AI } from "@spancost/core";
import { writeCost } from "./complete-span.ts";
import { isBillable } from "./billable-span.ts";
import { findCostHint } from "./price-span.ts";
import { reportFailure } from "./report-failure.ts";
import type { EndedSpan, RecordingSpan } from "./sdk-span.ts";

/**
 * Puts `gen_ai.usage.cost.amount` (USD, as a double), `.currency` and `.source` = `local` on LLM calls that it can price when they
 * end: a hint for trace viewers, the ledger prices again, exactly. A cost that the span already has is left alone. Fits
 * OpenTelemetry JS 2.x and 3.x in any place among the processors; SDKs that never call `onEnding` need it before a processor that
 * exports at once.
 */
export class CostSpanProcessor {
  /** An SDK calls `onEnding` on every span or on none, so one call tells that the fallback is not needed. */
  #isOnEndingCalled = false;

  /** Does nothing: usage is not known yet. */
  onStart(): void {}

  /** Writes the cost while the span can still be written to. */
  onEnding(span: EndedSpan & RecordingSpan): void {
    this.#isOnEndingCalled = true;
    if (!isBillable(span)) return;
    const amountUsd = findCostHint(span);
    if (amountUsd === undefined) return;
    try {
      span.setAttribute(GEN_AI.costAmount, amountUsd);
      span.setAttribute(GEN_AI.costCurrency, "USD");
      span.setAttribute(GEN_AI.costSource, "local");
    } catch (error) {
      reportFailure("cost_processor_failed", "a span could not be priced", error);
    }
  }

  /** Writes the cost into the attributes of the span that ended, for SDKs that never call `onEnding`. */
  onEnd(span: EndedSpan): void {
    if (!this.#isOnEndingCalled && isBillable(span)) writeCost(span);
  }

  /** Resolves at once: nothing is buffered. */
  forceFlush(): Promise<void> {
    return Promise.resolve();
  }

  /** Resolves at once: nothing is held. */
  shutdown(): Promise<void> {
    return Promise.resolve();
  }
}
