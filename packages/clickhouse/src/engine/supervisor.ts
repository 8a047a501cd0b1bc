import { setTimeout as sleep } from "node:timers/promises";
import { StoreError } from "../store-error.ts";
import type { EngineChild } from "./engine-child.ts";
import type { EngineEvent, RestartReason } from "./engine-events.ts";
import { type HeartbeatTimes, waitUntilUnresponsive } from "./heartbeat.ts";

/** How an engine is started, watched and started again. */
export interface SupervisionTimes {
  /** Wait for a process that has the folder and is just stopping. */
  readonly folderWaitMs: number;
  readonly heartbeat: HeartbeatTimes;
  /** Wait before the second attempt; it doubles with each further one. */
  readonly firstBackoffMs: number;
  readonly maxBackoffMs: number;
  /** An engine that lived shorter than this counts as a failed attempt: it may die of the same thing again. */
  readonly stableAfterMs: number;
}

export const DEFAULT_TIMES: SupervisionTimes = {
  folderWaitMs: 5_000,
  // A hanging engine is replaced after two missed answers, 24 s. Answers took up to 1.2 s on two cores with ten busy threads.
  heartbeat: { intervalMs: 2_000, timeoutMs: 10_000 },
  firstBackoffMs: 100,
  maxBackoffMs: 10_000,
  stableAfterMs: 10_000,
};

/** What is supervised, and who is told. */
export interface Supervised {
  readonly socketPath: string;
  readonly times: SupervisionTimes;
  start(signal: AbortSignal): Promise<EngineChild>;
  onEvent(event: EngineEvent): void;
}

/** Keeps one engine running: whenever it ends or gives no answer it is started again, until `stop`. */
export class Supervisor {
  readonly #supervised: Supervised;
  readonly #stopping = new AbortController();
  readonly #restarts: Record<RestartReason, number> = { died: 0, unresponsive: 0 };
  #child: EngineChild | null;
  readonly #ended: Promise<void>;

  constructor(supervised: Supervised, first: EngineChild) {
    this.#supervised = supervised;
    this.#child = first;
    this.#ended = this.#supervise(first);
  }

  /** The engine's process; `null` while there is none. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  get restarts(): Readonly<Record<RestartReason, number>> {
    return this.#restarts;
  }

  /** Ends the engine for good; resolves when it is gone. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#child?.stop();
    await this.#ended;
  }

  async #supervise(first: EngineChild): Promise<void> {
    let child: EngineChild | null = first;
    let quickDeaths = 0;
    while (child !== null) {
      const startedAt = performance.now();
      const { pid } = child;
      const { reason, detail } = await this.#watch(child);
      this.#child = null;
      if (this.#stopping.signal.aborted) return;
      const diedAt = performance.now();
      quickDeaths = diedAt - startedAt < this.#supervised.times.stableAfterMs ? quickDeaths + 1 : 0;
      this.#tell({ type: "died", pid, reason, detail });
      child = await this.#startAgain(quickDeaths);
      if (child === null) return;
      this.#child = child;
      // Whoever stopped this meanwhile did not see the new process.
      if (this.#stopping.signal.aborted) await child.stop();
      this.#restarts[reason] += 1;
      this.#tell({ type: "restarted", pid: child.pid, reason, downMs: Math.round(performance.now() - diedAt) });
    }
  }

  async #watch(child: EngineChild): Promise<{ reason: RestartReason; detail: string }> {
    const { socketPath, times } = this.#supervised;
    const watching = new AbortController();
    const signal = AbortSignal.any([watching.signal, this.#stopping.signal]);
    let problem: string | null = null;
    void waitUntilUnresponsive(socketPath, times.heartbeat, signal).then((found) => {
      if (found === null) return;
      problem = found;
      child.kill();
    });
    const how = await child.exited;
    watching.abort();
    return problem === null
      ? { reason: "died", detail: how }
      : { reason: "unresponsive", detail: `${String(problem)}; ended with ${how}` };
  }

  /** Tries for ever; `null` when the supervisor was stopped. */
  async #startAgain(earlierFailures: number): Promise<EngineChild | null> {
    const { signal } = this.#stopping;
    for (let attempt = 1; ; attempt += 1) {
      // The first death is answered at once.
      const failures = earlierFailures + attempt - 1;
      if (!(await this.#pause(failures <= 1 && attempt === 1 ? 0 : this.#backoffMs(failures)))) return null;
      try {
        return await this.#supervised.start(signal);
      } catch (error) {
        if (signal.aborted) return null;
        const retryInMs = this.#backoffMs(failures + 1);
        this.#tell({ type: "cannot-start", error: toStoreError(error), attempt, retryInMs });
      }
    }
  }

  #backoffMs(failures: number): number {
    const { firstBackoffMs, maxBackoffMs } = this.#supervised.times;
    return Math.min(firstBackoffMs * 2 ** Math.max(failures - 1, 0), maxBackoffMs);
  }

  /** @returns whether to go on */
  async #pause(ms: number): Promise<boolean> {
    const { signal } = this.#stopping;
    if (ms > 0) await sleep(ms, undefined, { signal }).catch(() => {});
    return !signal.aborted;
  }

  #tell(event: EngineEvent): void {
    try {
      this.#supervised.onEvent(event);
    } catch {
      // The database must run whatever becomes of a log line.
    }
  }
}

function toStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const message = `The embedded ClickHouse could not be started: ${error instanceof Error ? error.message : String(error)}`;
  return new StoreError("engine-not-started", message, { cause: error });
}
