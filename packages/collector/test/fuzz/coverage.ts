import { type Profiler, Session } from "node:inspector";

/** A part of a function's source, from its first offset up to, and without, its second. */
type Range = readonly [start: number, end: number];

/**
 * Which parts of the decoders have never run yet, by V8's own counters. They are put into code when it is compiled, so the code must be
 * loaded after this was created.
 */
export class Coverage {
  readonly #session = new Session();
  /** For every function that has run, what of it has not. */
  readonly #missing = new Map<string, readonly Range[]>();
  readonly #isMeasured: (url: string) => boolean;

  constructor(isMeasured: (url: string) => boolean) {
    this.#isMeasured = isMeasured;
    this.#session.connect();
    this.#session.post("Profiler.enable");
    this.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  /** Functions that have run. */
  get functions(): number {
    return this.#missing.size;
  }

  /** Parts of those functions that have never run. */
  get missingParts(): number {
    return [...this.#missing.values()].reduce((sum, { length }) => sum + length, 0);
  }

  /** Whether something ran since the last time that never had before; from now on it has when `keep`. */
  take(keep: boolean): boolean {
    let isNew = false;
    for (const [name, missing] of this.#takeFunctions()) {
      const before = this.#missing.get(name);
      const after = before === undefined ? missing : intersect(before, missing);
      if (before !== undefined && sizeOf(after) === sizeOf(before)) continue;
      isNew = true;
      if (keep) this.#missing.set(name, after);
    }
    return isNew;
  }

  close(): void {
    this.#session.post("Profiler.stopPreciseCoverage");
    this.#session.disconnect();
  }

  /** The functions that ran since the last time, and what of them did not. */
  #takeFunctions(): [name: string, missing: Range[]][] {
    let scripts: Profiler.ScriptCoverage[] = [];
    this.#session.post("Profiler.takePreciseCoverage", (error, { result }) => {
      if (error !== null) throw error;
      scripts = result;
    });
    return scripts
      .filter(({ url }) => this.#isMeasured(url))
      .flatMap(({ scriptId, functions }) =>
        functions
          .filter(({ ranges }) => (ranges[0]?.count ?? 0) > 0)
          .map(({ ranges }): [string, Range[]] => [
            `${scriptId}:${ranges[0]?.startOffset}`,
            ranges.filter(({ count }) => count === 0).map(({ startOffset, endOffset }) => [startOffset, endOffset]),
          ]),
      );
  }
}

function intersect(left: readonly Range[], right: readonly Range[]): Range[] {
  return left.flatMap(([start, end]) =>
    right
      .map(([otherStart, otherEnd]): Range => [Math.max(start, otherStart), Math.min(end, otherEnd)])
      .filter(([from, to]) => from < to),
  );
}

function sizeOf(ranges: readonly Range[]): number {
  return ranges.reduce((sum, [start, end]) => sum + end - start, 0);
}
