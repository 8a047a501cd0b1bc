import { type Profiler, Session } from "node:inspector";

/**
 * Which blocks of the decoders have ever run, by V8's own counters. They are put into code when it is compiled, so the code must be
 * loaded after this was created.
 */
export class Coverage {
  readonly #session = new Session();
  readonly #seen = new Set<string>();
  readonly #isMeasured: (url: string) => boolean;

  constructor(isMeasured: (url: string) => boolean) {
    this.#isMeasured = isMeasured;
    this.#session.connect();
    this.#session.post("Profiler.enable");
    this.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  /** Blocks seen so far. */
  get size(): number {
    return this.#seen.size;
  }

  /** Takes what ran since the last time; gives blocks that never ran before, which count as seen from now on when `keep`. */
  take(keep: boolean): string[] {
    const fresh = this.#takeBlocks().filter((block) => !this.#seen.has(block));
    if (keep) for (const block of fresh) this.#seen.add(block);
    return fresh;
  }

  close(): void {
    this.#session.disconnect();
  }

  #takeBlocks(): string[] {
    let scripts: Profiler.ScriptCoverage[] = [];
    this.#session.post("Profiler.takePreciseCoverage", (error, { result }) => {
      if (error !== null) throw error;
      scripts = result;
    });
    return scripts.filter(({ url }) => this.#isMeasured(url)).flatMap(blocksOf);
  }
}

/** A function's first range is the whole of it; a nested one says how often that part ran, where it differs. */
function blocksOf({ scriptId, functions }: Profiler.ScriptCoverage): string[] {
  return functions.flatMap(({ ranges }) => {
    const [whole, ...parts] = ranges;
    if (whole === undefined || whole.count === 0) return [];
    const name = `${scriptId}:${whole.startOffset}`;
    // The counts themselves are left out, but for whether it ran at all: every number would be news.
    return [name, ...parts.map(({ startOffset, count }) => `${name}:${startOffset}:${count > 0 ? "ran" : "skipped"}`)];
  });
}
