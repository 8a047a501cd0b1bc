/** When a call was made, of which service, and who saw it. Times are nanoseconds since 1970. */
export interface TimedCall {
  readonly producer: string;
  readonly service: string;
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
}

interface Timeline {
  /** In order. */
  readonly starts: bigint[];
  /** The latest end of all calls up to each of them. */
  readonly latestEnds: bigint[];
}

/**
 * Calls by service and producer in the order of time. To compare each of many calls with each of many others held up the event loop, and
 * with it all requests.
 */
export class OverlapIndex {
  readonly #toleranceNano: bigint;
  /** By service, then by producer. */
  readonly #timelines = new Map<string, Map<string, Timeline>>();

  /** @param toleranceNano how far apart two calls may be that count as overlapping */
  constructor(calls: readonly TimedCall[], toleranceNano: bigint) {
    this.#toleranceNano = toleranceNano;
    for (const call of calls.toSorted(byStart)) add(this.#timelineOf(call), call);
  }

  /** Whether another producer saw a call of the same service at the time of this one. */
  overlapsAnother({ producer, service, startTimeUnixNano, endTimeUnixNano }: TimedCall): boolean {
    for (const [other, { starts, latestEnds }] of this.#timelines.get(service) ?? []) {
      if (other === producer) continue;
      const before = countUpTo(starts, endTimeUnixNano + this.#toleranceNano);
      const latestEnd = latestEnds[before - 1];
      if (latestEnd !== undefined && latestEnd >= startTimeUnixNano - this.#toleranceNano) return true;
    }
    return false;
  }

  #timelineOf({ service, producer }: TimedCall): Timeline {
    let ofService = this.#timelines.get(service);
    if (ofService === undefined) this.#timelines.set(service, (ofService = new Map()));
    let timeline = ofService.get(producer);
    if (timeline === undefined) ofService.set(producer, (timeline = { starts: [], latestEnds: [] }));
    return timeline;
  }
}

function byStart(a: TimedCall, b: TimedCall): number {
  if (a.startTimeUnixNano === b.startTimeUnixNano) return 0;
  return a.startTimeUnixNano < b.startTimeUnixNano ? -1 : 1;
}

function add({ starts, latestEnds }: Timeline, { startTimeUnixNano, endTimeUnixNano }: TimedCall): void {
  const latest = latestEnds.at(-1);
  starts.push(startTimeUnixNano);
  latestEnds.push(latest === undefined || latest < endTimeUnixNano ? endTimeUnixNano : latest);
}

/** How many of the numbers, which are in order, are at most so large. */
function countUpTo(numbers: readonly bigint[], most: bigint): number {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] ?? most) <= most) low = middle + 1;
    else high = middle;
  }
  return low;
}
