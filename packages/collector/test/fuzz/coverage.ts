import { type Profiler, Session } from "node:inspector";

/** A part of a function's source, from its first offset up to, and without, its second. */
type Range = readonly [start: number, end: number];

/** A function that ran, and what of it did not. */
interface FunctionNews {
  readonly name: string;
  readonly missing: readonly Range[];
}

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

  /** What ran since the last time and never had before. It stays news until it is settled. */
  take(): FunctionNews[] {
    return this.#takeFunctions().filter(({ name, missing }) => {
      const before = this.#missing.get(name);
      return before === undefined || sizeOf(intersect(before, missing)) < sizeOf(before);
    });
  }

  /** From now on this is no news. */
  settle(news: readonly FunctionNews[]): void {
    for (const { name, missing } of news) {
      const before = this.#missing.get(name);
      this.#missing.set(name, before === undefined ? missing : intersect(before, missing));
    }
  }

  close(): void {
    this.#session.post("Profiler.stopPreciseCoverage");
    this.#session.disconnect();
  }

  /** The functions that ran since the last time, and what of them did not. */
  #takeFunctions(): FunctionNews[] {
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
          .map(({ ranges }): FunctionNews => {
            const name = `${scriptId}:${ranges[0]?.startOffset}`;
            const parts = ranges.filter(({ count }) => count === 0);
            return { name, missing: parts.map(({ startOffset, endOffset }) => [startOffset, endOffset]) };
          }),
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
