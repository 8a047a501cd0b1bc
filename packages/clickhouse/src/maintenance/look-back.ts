/** A row can become visible this long after the time it is stamped with: an insert may take a minute. */
const INSERT_LATENCY_MS = 90_000;
/** Nearly every row is visible by then. */
export const USUAL_LATENCY_MS = 2_000;
/** What a run reads is held in memory: parts grow and shrink until it is about so many rows. */
const ROWS_A_RUN = 200_000;
const MIN_PART_MS = 1_000;
const MAX_PART_MS = 120_000;
/** How much larger the next part is at the most. */
const MAX_GROWTH = 4;

/** A part of a round: what is stamped with these times, in milliseconds since 1970. */
export interface LookBackPart {
  readonly fromMs: number;
  /** Not included. */
  readonly toMs: number;
  readonly isLast: boolean;
}

/**
 * Leads runs through the last minutes, round after round and a part each, to find the rows of slow inserts: nobody saw them when the
 * time they are stamped with was looked at. A round begins where rows could still come when the last one began, so every
 * time is looked at once more when all its rows are there. Where little comes, a part is all of a round.
 */
export class LookBack {
  #beganMs: number;
  #atMs: number;
  #lastMs: number;
  #partMs = MIN_PART_MS;

  /** @param nowMs by the database's clock; what is stamped much earlier was looked at when all of it was there */
  constructor(nowMs: number) {
    this.#atMs = nowMs - INSERT_LATENCY_MS;
    this.#beganMs = this.#lastMs = nowMs;
  }

  /** The part for a run that begins now; the same again until it is done. */
  next(nowMs: number): LookBackPart {
    const endMs = nowMs - USUAL_LATENCY_MS;
    // It must come nearer to what is now, whatever a run takes.
    const toMs = Math.min(this.#atMs + Math.max(this.#partMs, 2 * (nowMs - this.#lastMs)), endMs);
    return { fromMs: this.#atMs, toMs, isLast: toMs >= endMs };
  }

  /**
   * Told when the part of a run that began at `nowMs` is done.
   * @param rows how many the run read, what came lately included
   * @returns until when all rows are known, at the end of a round
   */
  done({ fromMs, toMs, isLast }: LookBackPart, nowMs: number, rows: number): number | null {
    const growth = Math.min(ROWS_A_RUN / Math.max(rows, 1), MAX_GROWTH);
    this.#partMs = Math.min(Math.max((toMs - fromMs) * growth, MIN_PART_MS), MAX_PART_MS);
    this.#atMs = toMs;
    this.#lastMs = nowMs;
    if (!isLast) return null;
    const knownUntilMs = this.#beganMs - INSERT_LATENCY_MS;
    this.#atMs = knownUntilMs;
    this.#beganMs = nowMs;
    return knownUntilMs;
  }
}
