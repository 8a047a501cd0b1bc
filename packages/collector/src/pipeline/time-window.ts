/** Which start times are accepted, and which spans are kept as they came. Bounds are included, in nanoseconds since 1970. */
export interface TimeWindow {
  readonly earliestUnixNano: bigint;
  readonly latestUnixNano: bigint;
  /** Earlier calls are outside the ledger's retention. */
  readonly ledgerFromUnixNano: bigint;
  /** Earlier spans are outside the retention of raw spans: their calls count, they themselves are not stored. */
  readonly spansFromUnixNano: bigint;
}

/** How long what is kept; 0 days is for ever. */
export interface Retention {
  readonly ledgerDays: number;
  readonly spansDays: number;
}

const NANOS_PER_MS = 1_000_000n;
const DAY_MS = 86_400_000;
/** Spans from before this are a broken clock, not history: no provider of LLM calls billed then. */
const EARLIEST_UNIX_MS = Date.UTC(2020, 0, 1);
/** How far a sender's clock may be ahead. */
const MAX_AHEAD_MS = DAY_MS;

/** The window at a moment: times decide the key and the partition, so those that cannot be are refused. */
export function createTimeWindow(nowUnixMs: number, { ledgerDays, spansDays }: Retention): TimeWindow {
  const since = (days: number) =>
    toNanos(days === 0 ? EARLIEST_UNIX_MS : Math.max(nowUnixMs - days * DAY_MS, EARLIEST_UNIX_MS));
  return {
    earliestUnixNano: toNanos(EARLIEST_UNIX_MS),
    latestUnixNano: toNanos(nowUnixMs + MAX_AHEAD_MS),
    ledgerFromUnixNano: since(ledgerDays),
    spansFromUnixNano: since(spansDays),
  };
}

function toNanos(unixMs: number): bigint {
  return BigInt(Math.trunc(unixMs)) * NANOS_PER_MS;
}
