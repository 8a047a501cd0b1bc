import type { Context } from "@opentelemetry/api";
import { ExportQueue, type ExportQueueOptions } from "./billing/export-queue.ts";
import { isSampled, toSampledView } from "./billing/sampled-view.ts";
import { completeSpan } from "./complete-span.ts";
import { isBillable, mayBecomeBillable } from "./billable-span.ts";
import { reportFailure } from "./report-failure.ts";
import type { FinishedSpan, StartedSpan } from "./sdk-span.ts";
import { rememberAttribution } from "./started-attribution.ts";
import { type AttributionKeyOptions, AttributionWriter } from "./write-attribution.ts";

/** Options of `SpancostSpanProcessor`. */
export interface SpancostSpanProcessorOptions extends ExportQueueOptions {
  /** @default `tenant_id`, `user_id`, `feature` */
  readonly keys?: AttributionKeyOptions | undefined;
}

/**
 * All of Spancost in one processor, in place of the SDK's `BatchSpanProcessor`: LLM spans get attribution and cost when they end; they
 * are exported sampled or not, other spans when they are sampled. Put it before processors that should see the attributes. When the
 * queue is full, spans that are no LLM spans make room.
 */
export class SpancostSpanProcessor {
  readonly #writer: AttributionWriter;
  readonly #queue: ExportQueue;

  constructor(options: SpancostSpanProcessorOptions) {
    this.#writer = new AttributionWriter(options.keys);
    this.#queue = new ExportQueue(options);
  }

  /** Remembers who the span belongs to. */
  onStart(span: StartedSpan, parentContext: Context): void {
    if (mayBecomeBillable(span)) rememberAttribution(span, parentContext);
  }

  /** Completes LLM spans, and queues what is exported. */
  onEnd(span: FinishedSpan): void {
    try {
      const isLlm = isBillable(span);
      if (isLlm) completeSpan(span, this.#writer);
      if (isSampled(span)) this.#queue.add(span);
      else if (isLlm) this.#queue.add(toSampledView(span));
    } catch (error) {
      reportFailure("billing_processor_failed", "a span could not be queued", error);
    }
  }

  /** Exports what is queued; resolves when that is done, or after `exportTimeoutMillis`. */
  forceFlush(): Promise<void> {
    return this.#queue.flush();
  }

  /**
   * Hands over the spans that the exporter has not taken for certain, for a process that ends and cannot wait for it; some may arrive
   * twice, which the ledger counts once. The processor takes no more.
   */
  takeQueued(): readonly FinishedSpan[] {
    return this.#queue.takeQueued();
  }

  /** Exports what is queued, once and within `exportTimeoutMillis`, then shuts the exporter down. */
  shutdown(): Promise<void> {
    return this.#queue.shutdown();
  }
}
