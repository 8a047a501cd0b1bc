/** Waits between attempts. */
export interface BackoffTimes {
  readonly firstMs: number;
  readonly maxMs: number;
}

export const DEFAULT_BACKOFF: BackoffTimes = { firstMs: 100, maxMs: 5_000 };

/** The wait after a number of failures in a row, doubling, with jitter: several receivers do not come back at once. */
export function chooseBackoff(failures: number, { firstMs, maxMs }: BackoffTimes, random: number): number {
  const full = Math.min(firstMs * 2 ** Math.min(failures - 1, 30), maxMs);
  return full / 2 + (full / 2) * random;
}
