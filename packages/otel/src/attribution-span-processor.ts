import type { Context } from "@opentelemetry/api";
import { getAttribution } from "./attribution.ts";
import { isBillable, mayBecomeBillable } from "./billable-span.ts";
import type { Attribution } from "./merge-attribution.ts";
import { reportFailure } from "./report-failure.ts";
import type { RecordingSpan } from "./sdk-span.ts";
import { recallAttribution, rememberAttribution } from "./started-attribution.ts";
import { type AttributionKeyOptions, AttributionWriter } from "./write-attribution.ts";

/** Options of `AttributionSpanProcessor`. */
export interface AttributionSpanProcessorOptions {
  /** @default `tenant_id`, `user_id`, `feature` */
  readonly keys?: AttributionKeyOptions | undefined;
  /**
   * Which spans get the attributes: those that are LLM spans when they end, or all of them when they start. Each attribute costs the
   * app about as much as a tenth of a span.
   * @default "llm"
   */
  readonly spans?: "llm" | "all" | undefined;
}

/**
 * Puts the attribution of its parent context on spans, whoever starts them; an attribute that the span already has is left alone. Fits
 * OpenTelemetry JS 2.x and 3.x; SDKs that never call `onEnding` need it before a processor that exports at once.
 */
export class AttributionSpanProcessor {
  readonly #writer: AttributionWriter;
  readonly #atStart: boolean;
  /** An SDK calls `onEnding` on every span or on none, so one call tells that the fallback is not needed. */
  #isOnEndingCalled = false;

  constructor(options: AttributionSpanProcessorOptions = {}) {
    this.#writer = new AttributionWriter(options.keys);
    this.#atStart = options.spans === "all";
  }

  /** Remembers who a span that starts belongs to, or writes it at once where all spans get it. */
  onStart(span: RecordingSpan, parentContext: Context): void {
    try {
      if (this.#atStart) this.#write(span, getAttribution(parentContext));
      else if (mayBecomeBillable(span)) rememberAttribution(span, parentContext);
    } catch (error) {
      reportFailure("attribution_processor_failed", "a span could not be attributed", error);
    }
  }

  /** Writes the attribution while the span can still be written to. */
  onEnding(span: RecordingSpan): void {
    this.#isOnEndingCalled = true;
    try {
      const attribution = this.#atStart ? undefined : recallAttribution(span);
      if (attribution !== undefined && isBillable(span)) this.#write(span, attribution);
    } catch (error) {
      reportFailure("attribution_processor_failed", "a span could not be attributed", error);
    }
  }

  /** Writes the attribution into the attributes of the span that ended, for SDKs that never call `onEnding`. */
  onEnd(span: { readonly kind: number; readonly attributes: Record<string, unknown> }): void {
    if (this.#atStart || this.#isOnEndingCalled) return;
    const attribution = recallAttribution(span);
    if (attribution === undefined || !isBillable(span)) return;
    this.#writer.add(span.attributes, span.attributes, attribution);
  }

  /** Resolves at once: nothing is buffered. */
  forceFlush(): Promise<void> {
    return Promise.resolve();
  }

  /** Resolves at once: nothing is held. */
  shutdown(): Promise<void> {
    return Promise.resolve();
  }

  #write(span: RecordingSpan, attribution: Attribution): void {
    const missing: Record<string, string> = {};
    this.#writer.add(missing, span.attributes, attribution);
    for (const name in missing) span.setAttribute(name, missing[name] ?? "");
  }
}
