import type { Context } from "@opentelemetry/api";
import { ATTRIBUTION_KEYS } from "@spancost/core";
import { getAttribution } from "./attribution.ts";
import { reportFailure } from "./report-failure.ts";
import type { RecordingSpan } from "./sdk-span.ts";

/** Attribute names that attribution has on spans. */
export type AttributionKeys = { readonly [field in keyof typeof ATTRIBUTION_KEYS]: string };

/** Options of `AttributionSpanProcessor`. */
export interface AttributionSpanProcessorOptions {
  /** @default `tenant_id`, `user_id`, `feature` */
  readonly keys?: { readonly [field in keyof AttributionKeys]?: string | undefined } | undefined;
}

/** What a label's name follows on a span. */
const LABEL_PREFIX = "spancost.label.";

/**
 * Puts the attribution of its parent context on every span that starts, whoever starts it; an attribute that the span already has
 * is left alone. Fits OpenTelemetry JS 2.x and 3.x, in any place among the processors.
 */
export class AttributionSpanProcessor {
  readonly #keys: AttributionKeys;

  constructor(options: AttributionSpanProcessorOptions = {}) {
    const { tenantId, userId, feature } = options.keys ?? {};
    this.#keys = {
      tenantId: tenantId ?? ATTRIBUTION_KEYS.tenantId,
      userId: userId ?? ATTRIBUTION_KEYS.userId,
      feature: feature ?? ATTRIBUTION_KEYS.feature,
    };
  }

  /** Writes the attribution onto a span that starts. */
  onStart(span: RecordingSpan, parentContext: Context): void {
    try {
      const { tenantId, userId, feature, labels } = getAttribution(parentContext);
      setIfAbsent(span, this.#keys.tenantId, tenantId);
      setIfAbsent(span, this.#keys.userId, userId);
      setIfAbsent(span, this.#keys.feature, feature);
      for (const name of Object.keys(labels)) setIfAbsent(span, LABEL_PREFIX + name, labels[name]);
    } catch (error) {
      reportFailure("attribution_processor_failed", "a span could not be attributed", error);
    }
  }

  /** Does nothing: attribution is complete when the span starts. */
  onEnd(): void {}

  /** Resolves at once: nothing is buffered. */
  forceFlush(): Promise<void> {
    return Promise.resolve();
  }

  /** Resolves at once: nothing is held. */
  shutdown(): Promise<void> {
    return Promise.resolve();
  }
}

function setIfAbsent(span: RecordingSpan, key: string, value: string | undefined): void {
  if (value !== undefined && span.attributes[key] === undefined) span.setAttribute(key, value);
}
