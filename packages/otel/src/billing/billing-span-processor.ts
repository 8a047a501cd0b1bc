import { isBillable } from "../billable-span.ts";
import { reportFailure } from "../report-failure.ts";
import type { FinishedSpan } from "../sdk-span.ts";
import { ExportQueue, type ExportQueueOptions } from "./export-queue.ts";
import { isSampled, toSampledView } from "./sampled-view.ts";

/** Options of `BillingSpanProcessor`. */
export interface BillingSpanProcessorOptions extends ExportQueueOptions {
  /**
   * Leaves out LLM spans that the app's sampler sampled, because another processor exports them to the same place.
   * @default false
   */
  readonly skipSampled?: boolean | undefined;
}

/**
 * Exports LLM spans, sampled or not, through a queue of its own, so that other spans cannot crowd them out. Put it behind
 * `AttributionSpanProcessor` and `CostSpanProcessor`; it needs `BillingSampler` to get spans that are not sampled.
 */
export class BillingSpanProcessor {
  readonly #queue: ExportQueue;
  readonly #skipSampled: boolean;

  constructor(options: BillingSpanProcessorOptions) {
    this.#queue = new ExportQueue(options);
    this.#skipSampled = options.skipSampled ?? false;
  }

  /** Does nothing: what a span is shows at its end. */
  onStart(): void {}

  /** Queues LLM spans. */
  onEnd(span: FinishedSpan): void {
    try {
      if (!isBillable(span)) return;
      if (!isSampled(span)) this.#queue.add(toSampledView(span));
      else if (!this.#skipSampled) this.#queue.add(span);
    } catch (error) {
      reportFailure("billing_processor_failed", "a span could not be queued", error);
    }
  }

  /** Exports what is queued; resolves when that is done, or after `exportTimeoutMillis`. */
  forceFlush(): Promise<void> {
    return this.#queue.flush();
  }

  /** Exports what is queued, once and within `exportTimeoutMillis`, then shuts the exporter down. */
  shutdown(): Promise<void> {
    return this.#queue.shutdown();
  }
}
