import type { EncodedSpans } from "../hot/request-encoder.ts";
import type { SpanIssue } from "../pipeline/span-issue.ts";

/** Counts since the start, for metrics. */
export interface IngestCounters {
  spansAccepted: number;
  callsAccepted: number;
  /** Spans older than raw spans are kept: their calls count, they themselves are not stored. */
  spansNotKept: number;
  readonly spansRejected: Map<SpanIssue, number>;
  /** Requests refused for now, by reason; the sender sends them again. */
  readonly requestsRefused: Map<string, number>;
}

export function createIngestCounters(): IngestCounters {
  return {
    spansAccepted: 0,
    callsAccepted: 0,
    spansNotKept: 0,
    spansRejected: new Map(),
    requestsRefused: new Map(),
  };
}

/** Counts a request that was answered. */
export function countEncoded(counters: IngestCounters, { accepted, calls, notKept, rejected }: EncodedSpans): void {
  counters.spansAccepted += accepted;
  counters.callsAccepted += calls;
  counters.spansNotKept += notKept;
  for (const [issue, count] of rejected) increase(counters.spansRejected, issue, count);
}

export function increase<K>(counts: Map<K, number>, key: K, by = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}
