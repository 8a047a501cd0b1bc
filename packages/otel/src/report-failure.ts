import { type Counter, diag, type MeterProvider, metrics } from "@opentelemetry/api";

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
  /** The sampler could not judge a span, and recorded it. */
  | "billing_sampler_failed"
  /** A span could not be queued. */
  | "billing_processor_failed"
  /** An attempt to export a batch failed; it may succeed later. */
  | "billing_export_failed"
  /** A propagator failed or could not be guarded: attribution that an app's baggage holds may leave the process, or ours is lost. */
  | "propagator_failed"
  /** A cost given to `recordCost`, or a usage given to `recordUsage`, that cannot be counted was left out. */
  | "invalid_cost"
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

/** Why spans never reached the exporter's other end. */
export type SpanLoss =
  /** The queue was full of LLM spans: the bill is too small by these. */
  | "lost_queue_full"
  /** The queue was full, and these were no LLM spans: they made room. */
  | "lost_queue_full_other"
  /** All attempts to export failed. */
  | "lost_export_failed"
  /** They were still queued when the time to shut down was up. */
  | "lost_at_shutdown"
  /** They ended after the shutdown. */
  | "lost_after_shutdown";

/** How often each failure happened, and how many spans were lost for which reason, in this process. */
export type OtelCounters = Readonly<Record<OtelFailure | SpanLoss, number>>;

/** An app that loses spans hears of it once a minute, with totals. */
const LOSS_LOG_INTERVAL_MS = 60_000;

const counters: Record<OtelFailure, number> = {
  missing_context_manager: 0,
  invalid_attribution: 0,
  resolver_failed: 0,
  attribution_processor_failed: 0,
  cost_processor_failed: 0,
  billing_sampler_failed: 0,
  billing_processor_failed: 0,
  billing_export_failed: 0,
  no_scope: 0,
  stale_baggage: 0,
  personal_id: 0,
  invalid_boundary: 0,
  propagator_failed: 0,
  invalid_cost: 0,
  baggage_limit: 0,
  claim_unsigned: 0,
  claim_bad_signature: 0,
  claim_expired: 0,
  claim_unknown_key: 0,
  claim_other_trace: 0,
  claim_replayed: 0,
  claim_malformed: 0,
};

const losses: Record<SpanLoss, number> = {
  lost_queue_full: 0,
  lost_queue_full_other: 0,
  lost_export_failed: 0,
  lost_at_shutdown: 0,
  lost_after_shutdown: 0,
};
let lossLoggedAtMs = Number.NEGATIVE_INFINITY;
let lossMetric: { readonly provider: MeterProvider; readonly counter: Counter } | undefined;

/** Copies the counts of failures and lost spans since the process started. */
export function getOtelCounters(): OtelCounters {
  return { ...counters, ...losses };
}

/** Counts a failure that the caller logs itself. */
export function countFailure(failure: OtelFailure): void {
  counters[failure] += 1;
}

/** Counts a failure, and logs the first of its kind through `diag`: a failure of every request must not flood the app's log. */
export function reportFailure(failure: OtelFailure, message: string, cause?: unknown): void {
  counters[failure] += 1;
  if (counters[failure] > 1) return;
  warn(`spancost: ${message} (reported once; see getOtelCounters().${failure})`, cause);
}

/**
 * Counts lost spans: in `getOtelCounters()`, in the metric `spancost.otel.lost_spans` by `reason`, and in one warning a minute at
 * most that has the totals.
 */
export function reportLosses(reason: SpanLoss, spans: number): void {
  losses[reason] += spans;
  countInMetrics(reason, spans);
  const nowMs = performance.now();
  if (nowMs - lossLoggedAtMs < LOSS_LOG_INTERVAL_MS) return;
  lossLoggedAtMs = nowMs;
  const totals = Object.entries(losses).flatMap(([name, count]) => (count > 0 ? [`${name} ${count}`] : []));
  warn(`spancost: spans were lost since the process started: ${totals.join(", ")}`);
}

/** The app's meter provider may be registered later than we are loaded, and the API gives no meter that waits for it. */
function countInMetrics(reason: SpanLoss, spans: number): void {
  try {
    const provider = metrics.getMeterProvider();
    if (lossMetric?.provider !== provider) {
      const counter = provider.getMeter("@spancost/otel").createCounter("spancost.otel.lost_spans", {
        description: "Spans that were not exported; LLM spans among them are missing from the bill.",
        unit: "{span}",
      });
      lossMetric = { provider, counter };
    }
    lossMetric.counter.add(spans, { reason });
  } catch {
    // A meter that throws is the app's own; the counters have the figure.
  }
}

function warn(text: string, cause?: unknown): void {
  try {
    if (cause === undefined) diag.warn(text);
    else diag.warn(text, cause);
  } catch {
    // A logger that throws is the app's own; there is nowhere left to report it.
  }
}
