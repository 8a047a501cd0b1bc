/** A figure with the bounds of its 95 % confidence interval. */
export interface Estimate {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** Two-sided 95 % of the normal distribution. */
const Z_95 = 1.96;
const RESAMPLES = 2_000;

/**
 * Median with a 95 % interval from order statistics, which holds for any distribution.
 * @see Conover, Practical Nonparametric Statistics: the ranks are n/2 -/+ z * sqrt(n)/2
 */
export function estimateMedian(values: readonly number[]): Estimate {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  const reach = (Z_95 * Math.sqrt(sorted.length)) / 2;
  const low = Math.max(Math.floor(half - reach) - 1, 0);
  const high = Math.min(Math.ceil(half + reach), sorted.length - 1);
  return { median: medianOf(values), low: sorted[low] ?? Number.NaN, high: sorted[high] ?? Number.NaN };
}

/**
 * Median of `above` divided by the median of `below`, pair by pair from the same rounds, with a 95 % bootstrap interval; for
 * differences, whose own ratios would divide by nearly nothing. Resampling is seeded: the same figures give the same interval.
 */
export function estimateRatioOfMedians(above: readonly number[], below: readonly number[]): Estimate {
  const random = createRandom(1);
  const resampled = Array.from({ length: RESAMPLES }, () => {
    const picks = above.map(() => Math.floor(random() * above.length));
    return medianOf(picks.map((at) => above[at] ?? 0)) / medianOf(picks.map((at) => below[at] ?? 0));
  }).sort((a, b) => a - b);
  return {
    median: medianOf(above) / medianOf(below),
    low: resampled[Math.floor(RESAMPLES * 0.025)] ?? Number.NaN,
    high: resampled[Math.ceil(RESAMPLES * 0.975) - 1] ?? Number.NaN,
  };
}

/** The middle value, or the mean of the two in the middle. */
export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Numbers in [0, 1) that are the same in every run: mulberry32. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
