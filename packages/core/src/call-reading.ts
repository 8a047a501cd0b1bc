import type { UsageIssue } from "./check-usage.ts";
import type { Usage } from "./usage.ts";

/** What a span of an LLM producer says, in canonical terms. */
export interface CallReading {
  /** Name of the dialect that read it, such as `openllmetry`. */
  readonly dialect: string;
  /** `false` when the producer is not known and was read by the conventions' meaning. */
  readonly recognised: boolean;
  /**
   * `call`: one inference call. `wrapper`: a span around calls that repeats or sums their usage; it is never billed itself.
   */
  readonly role: "call" | "wrapper";
  /** Provider as the span names it, lower case, or "". */
  readonly provider: string;
  /** Model asked for, or "" when the span does not say. */
  readonly modelRequested: string;
  /** Model that answered, or "". */
  readonly modelReported: string;
  /** Conventional operation name: `chat`, `embeddings`, `text_completion`, `generate_content`, ..., or "". */
  readonly operation: string;
  /** The operator's account with the provider, where the application says it, or "". */
  readonly providerAccount: string;
  readonly serviceTier: string;
  readonly inferenceRegion: string;
  readonly responseId: string;
  readonly sessionId: string;
  readonly streamed: boolean;
  readonly isError: boolean;
  readonly errorType: string;
  /** The provider refused the attempt (a 429, a 500) before any token: nothing was billed. */
  readonly refused: boolean;
  /** 0 for the first attempt. */
  readonly attempt: number;
  readonly usage: Usage;
  /** What is impossible in `usage`, or `null`. */
  readonly usageIssue: UsageIssue | null;
  /** Whether what was billed can be worked out from `usage`. */
  readonly usageKnown: boolean;
  /** The producer leaves cached tokens out of the input and does not report them: the call may have cost more. */
  readonly usageIsLowerBound: boolean;
  /** A cost that the provider itself reported, in USD as a decimal, only from scopes known to pass it through. */
  readonly providedUsd: string | null;
}
