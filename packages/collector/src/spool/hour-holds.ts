import type { HourMarks, InFlight } from "@spancost/clickhouse";
import { collectHours, type LoadedSegment } from "./insert-batch.ts";

interface Hold {
  readonly inFlight: InFlight;
  readonly segments: Set<string>;
}

/**
 * The marks of hours whose rows are on their way. An attempt whose outcome is unknown may still bring rows, so its hours are held until
 * each of its segments is known to be in the database, also when they are tried again in other company.
 */
export class HourHolds {
  readonly #marks: Pick<HourMarks, "begin">;
  readonly #holds = new Set<Hold>();

  constructor(marks: Pick<HourMarks, "begin">) {
    this.#marks = marks;
  }

  /** Resolves when the hours are marked; to be called before each attempt. */
  async mark(segments: readonly LoadedSegment[]): Promise<void> {
    const names = segments.map(({ summary }) => summary.sequence);
    const held = [...this.#holds].find((hold) => names.every((name) => hold.segments.has(name)));
    if (held !== undefined) return held.inFlight.refresh();
    const hours = collectHours(segments);
    if (hours.length === 0) return;
    this.#holds.add({ inFlight: await this.#marks.begin(hours), segments: new Set(names) });
  }

  /** The segments are in the database, or never will be. */
  release(segments: readonly Pick<LoadedSegment, "summary">[]): void {
    for (const hold of this.#holds) {
      for (const { summary } of segments) hold.segments.delete(summary.sequence);
      if (hold.segments.size > 0) continue;
      hold.inFlight.done();
      this.#holds.delete(hold);
    }
  }
}
