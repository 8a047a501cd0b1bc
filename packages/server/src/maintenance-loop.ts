import { setTimeout as sleep } from "node:timers/promises";
import type { Lease, Retention, RetentionResult, Sealer, Settler } from "@spancost/clickhouse";
import { ServerError } from "./server-error.ts";

/** What the loop runs, in this order. */
export interface MaintenanceSteps {
  /** Waits for what another, who died, or a task that failed left under way in the database: before the first run, and after such. */
  readonly takeOver: (signal: AbortSignal) => Promise<void>;
  readonly settler: Settler;
  readonly sealer: Sealer;
  readonly retention?: Retention | undefined;
  /** Who of several servers runs maintenance; none where the database is ours alone, as the embedded one is. */
  readonly lease?: Lease | undefined;
}

/** What maintenance did, and how it stands. */
interface MaintenanceCounters {
  settledCalls: number;
  conflictingSpans: number;
  sealedHours: number;
  /** Hours that are read from the ledger, when they were last counted. */
  pendingHours: number;
  /** Rows that were older than their retention. */
  readonly droppedRows: { -readonly [what in keyof RetentionResult]: number };
  failedRuns: number;
}

/** The loop of maintenance, and what it did. */
export interface MaintenanceLoop {
  readonly counters: Readonly<MaintenanceCounters>;
  /** Whether this server is the one that runs maintenance. */
  readonly isLeaseHeld: boolean;
  /** Milliseconds since a run last succeeded, or since the start. */
  readonly lastSuccessAgeMs: number;
  /**
   * Runs a task that changes stored calls, when no other does. Its signal says when it is to end.
   * @throws ServerError `maintenance-elsewhere`, `stopping`
   */
  exclusively<T>(task: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Ends the loop and the tasks after the statement under way. */
  stop(): Promise<void>;
}

/** Pauses between runs of what maintenance does, in milliseconds. */
export interface MaintenanceTimes {
  readonly settleMs: number;
  readonly sealMs: number;
  readonly cleanUpMs: number;
  readonly retentionMs: number;
  readonly afterFailureMs: number;
}

const DEFAULT_TIMES: MaintenanceTimes = {
  // Calls are to be settled within 10 s of their last span; a run that finds nothing costs two small queries.
  settleMs: 500,
  // Readers do not wait for sealing: an hour that is not sealed is read from the ledger.
  sealMs: 15_000,
  // Marks of sealed hours are read by every query until they are cleaned away.
  cleanUpMs: 300_000,
  retentionMs: 3_600_000,
  // After a failure, such as a database that is away, the next try waits longer; so does one for a lease that another has.
  afterFailureMs: 5_000,
};
/** Maintenance reads the ids of the days around: where there are many, it may take a sixteenth of the time, unless it is behind ... */
const PAUSE_FACTOR = 15;
/** ... as long as calls are settled within 10 s. */
const MAX_PAUSE_MS = 6_000;
/** A lease that is held for less than this is renewed; during a long task it is looked at so often. */
const RENEW_BELOW_MS = 15_000;
const RENEW_INTERVAL_MS = 5_000;

/**
 * Runs maintenance one run after the other, until stopped. A failed run is tried again.
 * @param report told how each run went: `null`, or what went wrong
 */
export function startMaintenance(
  steps: MaintenanceSteps,
  report: (failure: Error | null) => void,
  otherTimes: Partial<MaintenanceTimes> = {},
): MaintenanceLoop {
  const { takeOver, settler, sealer, retention, lease } = steps;
  const times = { ...DEFAULT_TIMES, ...otherTimes };
  const counters: MaintenanceCounters = {
    settledCalls: 0,
    conflictingSpans: 0,
    sealedHours: 0,
    pendingHours: 0,
    droppedRows: { ledger: 0, spans: 0, history: 0 },
    failedRuns: 0,
  };
  const stopping = new AbortController();
  const isDue = createSchedule();
  let lastSuccessMs = performance.now();
  let sealedSinceCleanUp = 0;
  let isTakenOver = false;
  /** Whether settlement has not come to what is new. */
  let isBehind = false;
  let last: Promise<unknown> = Promise.resolve();
  const oneByOne = <T>(task: () => Promise<T>): Promise<T> => {
    const run = last.then(task);
    last = run.catch(() => {});
    return run;
  };
  const finished = loop();
  return {
    counters,
    get isLeaseHeld() {
      return lease === undefined || lease.remainingMs > 0;
    },
    get lastSuccessAgeMs() {
      return performance.now() - lastSuccessMs;
    },
    exclusively: (task) =>
      oneByOne(async () => {
        stopping.signal.throwIfAborted();
        try {
          return await underLease(task);
        } catch (error) {
          isTakenOver = false;
          throw error;
        }
      }),
    async stop() {
      stopping.abort(
        new ServerError(
          "stopping",
          "The server is stopping. What was changed so far stays; ask again for the rest when it runs.",
        ),
      );
      await finished;
      await last;
      await lease?.release().catch(() => {});
    },
  };

  async function loop(): Promise<void> {
    while (!stopping.signal.aborted) {
      const startedMs = performance.now();
      const succeeded = await runOnce();
      const tookMs = performance.now() - startedMs;
      const pauseMs = isBehind ? 0 : Math.min(tookMs * PAUSE_FACTOR, MAX_PAUSE_MS);
      const waitMs = succeeded ? Math.max(times.settleMs, pauseMs) : times.afterFailureMs;
      await sleep(waitMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
  }

  async function runOnce(): Promise<boolean> {
    try {
      await oneByOne(() => underLease(runSteps));
      lastSuccessMs = performance.now();
      report(null);
      return true;
    } catch (error) {
      if (stopping.signal.aborted || isElsewhere(error)) return false;
      counters.failedRuns += 1;
      report(toError(error));
      return false;
    }
  }

  /** Renews the lease as long as the task runs, and ends the task before the lease does. */
  async function underLease<T>(task: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (lease === undefined) return takenOver(task, stopping.signal);
    if (lease.remainingMs === 0) isTakenOver = false;
    if (lease.remainingMs < RENEW_BELOW_MS && !(await lease.hold())) throw elsewhere();
    const lost = new AbortController();
    const renewal = setInterval(() => void renew(lease, lost), RENEW_INTERVAL_MS);
    try {
      return await takenOver(task, AbortSignal.any([stopping.signal, lost.signal]));
    } finally {
      clearInterval(renewal);
    }
  }

  async function takenOver<T>(task: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    if (!isTakenOver) await takeOver(signal);
    signal.throwIfAborted();
    isTakenOver = true;
    return task(signal);
  }

  async function runSteps(signal: AbortSignal): Promise<void> {
    // Calls that cannot be settled are told, and do not keep hours from being sealed.
    const failure = await settle(signal);
    if (isDue("seal", times.sealMs)) {
      const { sealed, pending } = await sealer.run(signal);
      counters.sealedHours += sealed;
      counters.pendingHours = pending - sealed;
      sealedSinceCleanUp += sealed;
    }
    if (sealedSinceCleanUp > 0 && isDue("clean-up", times.cleanUpMs)) {
      await sealer.cleanUp();
      sealedSinceCleanUp = 0;
    }
    if (retention !== undefined && isDue("retention", times.retentionMs)) {
      const dropped = await retention.run(signal);
      counters.droppedRows.ledger += dropped.ledger;
      counters.droppedRows.spans += dropped.spans;
      counters.droppedRows.history += dropped.history;
    }
    if (failure !== null) throw failure;
  }

  async function settle(signal: AbortSignal): Promise<Error | null> {
    try {
      const { changed, conflicts, isBehind: hasMore } = await settler.run(signal);
      isBehind = hasMore;
      counters.settledCalls += changed;
      counters.conflictingSpans += conflicts;
      return null;
    } catch (error) {
      signal.throwIfAborted();
      return toError(error);
    }
  }
}

async function renew(lease: Lease, lost: AbortController): Promise<void> {
  // A renewal that is under way may hang for longer than the lease lasts.
  if (lease.remainingMs <= RENEW_INTERVAL_MS) {
    lost.abort(elsewhere());
    return;
  }
  if (lease.remainingMs >= RENEW_BELOW_MS) return;
  // A database that does not answer leaves what is left of the lease, less the time until the next look.
  const held = await lease.hold().catch(() => lease.remainingMs > RENEW_INTERVAL_MS);
  if (!held) lost.abort(elsewhere());
}

/** Tells whether something was last done so long ago, or never; then it counts as done. */
function createSchedule(): (what: string, intervalMs: number) => boolean {
  const lastMs = new Map<string, number>();
  return (what, intervalMs) => {
    const now = performance.now();
    if (now - (lastMs.get(what) ?? -Infinity) < intervalMs) return false;
    lastMs.set(what, now);
    return true;
  };
}

function elsewhere(): ServerError {
  return new ServerError(
    "maintenance-elsewhere",
    "Another server on the same database runs maintenance now. Ask that one, or try again when it is stopped.",
  );
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function isElsewhere(error: unknown): boolean {
  return error instanceof ServerError && error.code === "maintenance-elsewhere";
}
