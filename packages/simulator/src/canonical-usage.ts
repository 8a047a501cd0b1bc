/** The canonical token counts of one billed call; totals include their parts (`input` its cache parts, `output` its `reasoning`). What a call's API does not have is left out. */
export interface BilledUsage {
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite5m: number;
  readonly cacheWrite1h: number;
  readonly output: number;
  readonly reasoning: number;
  readonly audioIn?: number;
  readonly audioOut?: number;
  readonly imageIn?: number;
  readonly imageOut?: number;
  /** Images that are billed by the piece. */
  readonly images?: number;
  /** Seconds of sound that are billed by their length. */
  readonly audioSeconds?: number;
  /** Characters of text that are billed by their number. */
  readonly characters?: number;
}

/** Input tokens that neither came from a prompt cache nor went into one. */
export function toUncachedInput(usage: BilledUsage): number {
  return usage.input - usage.cacheRead - usage.cacheWrite5m - usage.cacheWrite1h;
}
