const SECONDS_PER_DAY = 86_400;
const DAYS_PER_WEEK = 7;
/** The first of January 1970 was a Thursday. */
const MONDAY_OFFSET = 3;

/** Partition of `otel_traces` that a moment belongs to: days since 1970, as `toDate` has them. */
export function dayOf(unixSeconds: number): number {
  return Math.floor(unixSeconds / SECONDS_PER_DAY);
}

/** Partition of the ledger that an hour belongs to: the Monday in days since 1970, as `toMonday` has it. */
export function mondayOf(unixSeconds: number): number {
  const day = dayOf(unixSeconds);
  return day - ((day + MONDAY_OFFSET) % DAYS_PER_WEEK);
}
