import type { TimeWindow } from "../../pipeline/time-window.ts";

const TWO_TO_32 = 0x1_0000_0000n;
const NANOS_PER_HOUR = 3_600_000_000_000n;
const SECONDS_PER_HOUR = 3_600;
const SECONDS_PER_MINUTE = 60;
const NANOS_PER_MINUTE = 60_000_000_000;

/** A moment in nanoseconds since 1970 as two unsigned 32-bit halves: numbers where a bigint would be made for every span. */
export interface TimeParts {
  readonly high: number;
  readonly low: number;
}

function toParts(unixNano: bigint): TimeParts {
  return { high: Number(unixNano / TWO_TO_32), low: Number(unixNano % TWO_TO_32) };
}

export function isBefore(high: number, low: number, other: TimeParts): boolean {
  return high < other.high || (high === other.high && low < other.low);
}

/** The bounds of a window in parts; the latest moment is the last one before `afterLatest`. */
export interface WindowParts {
  readonly window: TimeWindow;
  readonly earliest: TimeParts;
  readonly afterLatest: TimeParts;
  readonly ledgerFrom: TimeParts;
  readonly spansFrom: TimeParts;
}

export function toWindowParts(window: TimeWindow): WindowParts {
  return {
    window,
    earliest: toParts(window.earliestUnixNano),
    afterLatest: toParts(window.latestUnixNano + 1n),
    ledgerFrom: toParts(window.ledgerFromUnixNano),
    spansFrom: toParts(window.spansFromUnixNano),
  };
}

/** Finds the hour of moments; most of them are in the hour of the one before. */
export class HourFinder {
  #start: TimeParts = { high: 1, low: 0 };
  #end: TimeParts = { high: 0, low: 0 };
  #hourUnix = 0;

  /** Start of the hour, in seconds since 1970. */
  find(high: number, low: number): number {
    if (!isBefore(high, low, this.#end) || isBefore(high, low, this.#start)) this.#look(high, low);
    return this.#hourUnix;
  }

  /** The minute since 1970 of a moment in the hour that was found last. */
  minuteOf(high: number, low: number): number {
    // Exact: an hour has less than 2^53 nanoseconds.
    const nanos = (high - this.#start.high) * 2 ** 32 + (low - this.#start.low);
    return this.#hourUnix / SECONDS_PER_MINUTE + Math.floor(nanos / NANOS_PER_MINUTE);
  }

  #look(high: number, low: number): void {
    const hour = (BigInt(high) * TWO_TO_32 + BigInt(low)) / NANOS_PER_HOUR;
    this.#start = toParts(hour * NANOS_PER_HOUR);
    this.#end = toParts((hour + 1n) * NANOS_PER_HOUR);
    this.#hourUnix = Number(hour) * SECONDS_PER_HOUR;
  }
}
