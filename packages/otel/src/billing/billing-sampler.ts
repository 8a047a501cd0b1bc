import { type Attributes, type Context, type Link, SamplingDecision, type SpanKind } from "@opentelemetry/api";
import { SPANCOST } from "@spancost/core";
import { reportFailure } from "../report-failure.ts";
import { looksLikeLlm } from "./looks-like-llm.ts";

/** What a sampler decides, in OpenTelemetry JS 2.x and 3.x alike. */
export interface SamplerResult<Decision, TraceState> {
  decision: Decision;
  attributes?: Readonly<Attributes>;
  traceState?: TraceState;
}

/** A sampler of OpenTelemetry JS 2.x or 3.x. */
export interface Sampler<Result> {
  shouldSample(
    context: Context,
    traceId: string,
    name: string,
    kind: SpanKind,
    attributes: Attributes,
    links: Link[],
  ): Result;
  toString(): string;
}

/** Options of `BillingSampler`. */
export interface BillingSamplerOptions {
  /**
   * Which spans may turn out to be LLM calls although neither attributes nor name say so at their start, such as observations that the
   * app names itself; asked for spans that would be dropped. Recording a span costs the app as much as sampling it.
   * @default none
   */
  readonly alsoRecord?: ((name: string, kind: SpanKind) => boolean) | undefined;
}

/** On every span that is recorded for the bill alone. */
const BILLING = { [SPANCOST.sampling]: "billing" } as const;

/**
 * Records LLM spans that the app's sampler does not sample: for `BillingSpanProcessor`, marked `spancost.sampling` = `billing`, and
 * without the sampled flag, so that other processors ignore them and services downstream decide as before. All other decisions,
 * attributes and trace states are the app's sampler's own; what it throws is passed on.
 */
export class BillingSampler<Result extends SamplerResult<SamplingDecision, unknown>> implements Sampler<Result> {
  readonly #inner: Sampler<Result>;
  readonly #alsoRecord: (name: string, kind: SpanKind) => boolean;

  constructor(inner: Sampler<Result>, options: BillingSamplerOptions = {}) {
    this.#inner = inner;
    this.#alsoRecord = options.alsoRecord ?? (() => false);
  }

  shouldSample(
    context: Context,
    traceId: string,
    name: string,
    kind: SpanKind,
    attributes: Attributes,
    links: Link[],
  ): Result {
    const result = this.#inner.shouldSample(context, traceId, name, kind, attributes, links);
    if (result.decision === SamplingDecision.RECORD_AND_SAMPLED) return result;
    if (!this.#mayBeBilled(name, kind, attributes)) return result;
    return { ...result, decision: SamplingDecision.RECORD, attributes: { ...result.attributes, ...BILLING } };
  }

  toString(): string {
    return `BillingSampler{${this.#inner.toString()}}`;
  }

  #mayBeBilled(name: string, kind: SpanKind, attributes: Attributes): boolean {
    try {
      return looksLikeLlm(name, attributes) || this.#alsoRecord(name, kind);
    } catch (error) {
      reportFailure("billing_sampler_failed", "a span could not be judged; it is recorded", error);
      return true;
    }
  }
}
