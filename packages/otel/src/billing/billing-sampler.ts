import { SamplingDecision } from "@opentelemetry/api";
import { SPANCOST } from "@spancost/core";
import { reportFailure } from "../report-failure.ts";
import { looksLikeLlm } from "./looks-like-llm.ts";

/** What every sampler is asked, in terms that fit OpenTelemetry JS 2.x and 3.x. */
export type SamplerQuestion = readonly [
  context: unknown,
  traceId: string,
  name: string,
  kind: number,
  attributes: Readonly<Record<string, unknown>>,
  ...rest: unknown[],
];

/** What every sampler answers; `decision` is a `SamplingDecision`. */
export interface SamplerAnswer {
  readonly decision: number;
  readonly attributes?: Readonly<Record<string, unknown>> | undefined;
}

/** A sampler of either line. */
export interface Sampler<Question extends SamplerQuestion, Answer extends SamplerAnswer> {
  shouldSample(...question: Question): Answer;
  toString(): string;
}

/** The two lines have an enum each, of the same numbers. */
const RECORD: number = SamplingDecision.RECORD;
const RECORD_AND_SAMPLED: number = SamplingDecision.RECORD_AND_SAMPLED;

/** Options of `BillingSampler`. */
export interface BillingSamplerOptions {
  /**
   * Which spans may turn out to be LLM calls although neither attributes nor name say so at their start, such as observations that the
   * app names itself; asked for spans that would be dropped. Recording a span costs the app as much as sampling it.
   * @default none
   */
  readonly alsoRecord?: ((name: string, kind: number) => boolean) | undefined;
}

/**
 * Records LLM spans that the app's sampler does not sample: for `BillingSpanProcessor`, marked `spancost.sampling` = `billing`, and
 * without the sampled flag, so that other processors ignore them and services downstream decide as before. All other decisions,
 * attributes and trace states are the app's sampler's own; what it throws is passed on.
 */
export class BillingSampler<Question extends SamplerQuestion, Answer extends SamplerAnswer> implements Sampler<
  Question,
  Answer
> {
  readonly #inner: Sampler<Question, Answer>;
  readonly #alsoRecord: (name: string, kind: number) => boolean;

  constructor(inner: Sampler<Question, Answer>, options: BillingSamplerOptions = {}) {
    this.#inner = inner;
    this.#alsoRecord = options.alsoRecord ?? (() => false);
  }

  /** The app's sampler's answer, with `RECORD` in place of `NOT_RECORD` for what may be billed. */
  shouldSample(...question: Question): Answer {
    const answer = this.#inner.shouldSample(...question);
    if (answer.decision === RECORD_AND_SAMPLED || !this.#mayBeBilled(question)) return answer;
    return {
      ...answer,
      decision: RECORD,
      attributes: { ...answer.attributes, [SPANCOST.sampling]: "billing" },
    };
  }

  /** Names the app's sampler too. */
  toString(): string {
    return `BillingSampler{${this.#inner.toString()}}`;
  }

  #mayBeBilled([, , name, kind, attributes]: SamplerQuestion): boolean {
    try {
      return looksLikeLlm(name, attributes) || this.#alsoRecord(name, kind);
    } catch (error) {
      reportFailure("billing_sampler_failed", "a span could not be judged; it is recorded", error);
      return true;
    }
  }
}
