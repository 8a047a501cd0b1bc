import type { Settler } from "@spancost/clickhouse";

/** The loop of maintenance, and what it did. */
export interface MaintenanceLoop {
  readonly counters: { settledCalls: number; conflictingSpans: number; failedRuns: number };
  /** Runs a task that writes versions of calls, when no other does. */
  exclusively<T>(task: () => Promise<T>): Promise<T>;
  /** Ends the loop after the run under way. */
  stop(): Promise<void>;
}

/** Calls are to be settled within 10 s of their last span; a run that finds nothing costs two small queries. */
const INTERVAL_MS = 500;
/** After a failure, such as a database that is away, the next try waits longer. */
const INTERVAL_AFTER_FAILURE_MS = 5_000;

/** Runs maintenance one run after the other, until stopped. A failed run is reported and tried again. */
export function startMaintenance(settler: Settler, reportError: (error: unknown) => void): MaintenanceLoop {
  const counters = { settledCalls: 0, conflictingSpans: 0, failedRuns: 0 };
  const stopped = Promise.withResolvers<void>();
  const state = { stopping: false };
  let last: Promise<unknown> = Promise.resolve();
  const exclusively = <T>(task: () => Promise<T>): Promise<T> => {
    const run = last.then(task);
    last = run.catch(() => {});
    return run;
  };
  const finished = loop();
  return {
    counters,
    exclusively,
    async stop() {
      state.stopping = true;
      stopped.resolve();
      await finished;
      await last;
    },
  };

  async function loop(): Promise<void> {
    while (!state.stopping) {
      const succeeded = await runOnce();
      await pause(succeeded ? INTERVAL_MS : INTERVAL_AFTER_FAILURE_MS);
    }
  }

  async function runOnce(): Promise<boolean> {
    try {
      const { changed, conflicts } = await exclusively(() => settler.run());
      counters.settledCalls += changed;
      counters.conflictingSpans += conflicts;
      return true;
    } catch (error) {
      counters.failedRuns += 1;
      if (!state.stopping) reportError(error);
      return false;
    }
  }

  async function pause(durationMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([
      new Promise((resolve) => {
        timer = setTimeout(resolve, durationMs);
      }),
      stopped.promise,
    ]);
    clearTimeout(timer);
  }
}
