/** The canonical token counts of one billed call; totals include their parts (`input` its cache parts, `output` its `reasoning`). */
export interface BilledUsage {
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite5m: number;
  readonly cacheWrite1h: number;
  readonly output: number;
  readonly reasoning: number;
}

/** Input tokens that neither came from a prompt cache nor went into one. */
export function toUncachedInput(usage: BilledUsage): number {
  return usage.input - usage.cacheRead - usage.cacheWrite5m - usage.cacheWrite1h;
}
