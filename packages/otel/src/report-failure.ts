import { diag } from "@opentelemetry/api";

/** What can go wrong inside the user's process without the user's code noticing. */
export type OtelFailure =
  /** No context manager keeps what `withAttribution` sets, so calls inside it are unattributed. */
  | "missing_context_manager"
  /** A field of an attribution that cannot be used was left out. */
  | "invalid_attribution"
  /** The function given to a middleware threw or rejected; the request went on unattributed. */
  | "resolver_failed"
  /** A span went on without the attribution it should have. */
  | "attribution_processor_failed"
  /** A span went on without the cost hint it should have; the ledger prices it regardless. */
  | "cost_processor_failed"
  /** A propagator failed or could not be guarded: attribution that an app's baggage holds may leave the process, or ours is lost. */
  | "propagator_failed"
  /** `setAttribution` or `clearAttribution` was called outside every scope and did nothing. */
  | "no_scope"
  /** `setAttribution` could not change baggage that `{ baggage: true }` had already written. */
  | "stale_baggage"
  /** A user or tenant id or a feature looks like an e-mail address. */
  | "personal_id"
  /** An option of the trust boundary cannot be followed, and the safe side was taken: an id left out, a host or a peer not trusted. */
  | "invalid_boundary"
  /** Members of baggage were left out, because 180 pairs or 8,192 bytes were not enough. */
  | "baggage_limit"
  /** Attribution that came in was not believed, for the reason in the name. */
  | `claim_${ClaimRefusal}`;

/** Why attribution that came in was not believed. */
export type ClaimRefusal =
  /** It has no signature. */
  | "unsigned"
  /** It was altered, or signed for another trace or span or with another key. */
  | "bad_signature"
  /** Its signature is older than its life. */
  | "expired"
  /** Its key id is not among the keys, or there are no keys here. */
  | "unknown_key"
  /** No usable `traceparent` came with it. */
  | "other_trace"
  /** The same signature came before, or more signatures are remembered than fit. */
  | "replayed"
  /** It cannot be read: a name twice, a value too long or badly encoded. */
  | "malformed";

/** How often each failure happened in this process. */
export type OtelCounters = Readonly<Record<OtelFailure, number>>;

const counters: Record<OtelFailure, number> = {
  missing_context_manager: 0,
  invalid_attribution: 0,
  resolver_failed: 0,
  attribution_processor_failed: 0,
  cost_processor_failed: 0,
  no_scope: 0,
  stale_baggage: 0,
  personal_id: 0,
  invalid_boundary: 0,
  propagator_failed: 0,
  baggage_limit: 0,
  claim_unsigned: 0,
  claim_bad_signature: 0,
  claim_expired: 0,
  claim_unknown_key: 0,
  claim_other_trace: 0,
  claim_replayed: 0,
  claim_malformed: 0,
};

/** Copies the counts of failures since the process started. */
export function getOtelCounters(): OtelCounters {
  return { ...counters };
}

/** Counts a failure that the caller logs itself. */
export function countFailure(failure: OtelFailure): void {
  counters[failure] += 1;
}

/** Counts a failure, and logs the first of its kind through `diag`: a failure of every request must not flood the app's log. */
export function reportFailure(failure: OtelFailure, message: string, cause?: unknown): void {
  counters[failure] += 1;
  if (counters[failure] > 1) return;
  try {
    const text = `spancost: ${message} (reported once; see getOtelCounters().${failure})`;
    if (cause === undefined) diag.warn(text);
    else diag.warn(text, cause);
  } catch {
    // A logger that throws is the app's own; there is nowhere left to report it.
  }
}
