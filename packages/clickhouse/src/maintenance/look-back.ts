/** A row can become visible this long after the time it is stamped with: an insert may take a minute. */
const INSERT_LATENCY_MS = 90_000;
/** Nearly every row is visible by then. */
export const USUAL_LATENCY_MS = 2_000;
/** About how long a round takes, where runs do not take long. */
const ROUND_MS = 30_000;
/** Runs that follow each other quickly have no smaller parts, and those that take long no larger ones: what they read is held in memory. */
const MIN_PART_MS = 1_000;
const MAX_PART_MS = 5_000;

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
 * time is looked at once more when all its rows are there.
 */
export class LookBack {
  #fromMs: number;
  #beganMs: number;
  #atMs: number;
  #lastMs: number;

  /** @param nowMs by the database's clock; what is stamped much earlier was looked at when all of it was there */
  constructor(nowMs: number) {
    this.#fromMs = this.#atMs = nowMs - INSERT_LATENCY_MS;
    this.#beganMs = this.#lastMs = nowMs;
  }

  /** The part for a run that begins now; the same again until it is done. */
  next(nowMs: number): LookBackPart {
    const endMs = nowMs - USUAL_LATENCY_MS;
    const sinceMs = nowMs - this.#lastMs;
    const shareMs = ((endMs - this.#fromMs) * sinceMs) / ROUND_MS;
    // It must come nearer to what is now, whatever a run takes.
    const partMs = Math.min(Math.max(shareMs, MIN_PART_MS), Math.max(MAX_PART_MS, 2 * sinceMs));
    const toMs = Math.min(this.#atMs + partMs, endMs);
    return { fromMs: this.#atMs, toMs, isLast: toMs >= endMs };
  }

  /** Told when the part of a run that began at `nowMs` is done. @returns until when all rows are known, at the end of a round */
  done({ toMs, isLast }: LookBackPart, nowMs: number): number | null {
    this.#atMs = toMs;
    this.#lastMs = nowMs;
    if (!isLast) return null;
    const knownUntilMs = this.#beganMs - INSERT_LATENCY_MS;
    this.#fromMs = this.#atMs = knownUntilMs;
    this.#beganMs = nowMs;
    return knownUntilMs;
  }
}
