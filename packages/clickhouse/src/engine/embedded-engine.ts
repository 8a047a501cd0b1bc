import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { startEngineChild } from "./engine-child.ts";
import type { EngineEvent, RestartReason } from "./engine-events.ts";
import { chooseMemory } from "./engine-settings.ts";
import { addOwner, lockFolder, unlockFolder } from "./folder-lock.ts";
import { createSocketPath, ensureSocketDir, removeSocketPath } from "./socket-dir.ts";
import { DEFAULT_TIMES, type SupervisionTimes, Supervisor } from "./supervisor.ts";

/** The embedded engine, which is kept running until it is stopped. */
export interface EmbeddedEngine {
  /**
   * Unix socket on which the engine speaks ClickHouse's HTTP interface; only this user can reach it. It stays the same over restarts,
   * during which requests fail at once with a connection error.
   */
  readonly socketPath: string;
  /** The engine's process; `null` while it is started again. */
  readonly pid: number | null;
  /** How often it was started again, and why. */
  readonly restarts: Readonly<Record<RestartReason, number>>;
  /** Ends the engine; returns when it is gone. Idempotent. */
  stop(): Promise<void>;
}

/** Options of the embedded engine. */
export interface EmbeddedEngineOptions {
  readonly dataDir: string;
  /** Queries that run at the same time. @default 4 */
  readonly sessions?: number;
  /** Memory of all queries, merges and caches; the program itself takes about 0.3 GB more. @default half of the machine or container, at most 4 GiB */
  readonly maxMemoryBytes?: number;
  /** Memory of one query that sets no `max_memory_usage`. @default half of `maxMemoryBytes` */
  readonly maxQueryMemoryBytes?: number;
  /** Told of deaths, restarts and failed starts. */
  readonly onEvent?: (event: EngineEvent) => void;
  /** For tests: how it is started, watched and started again. */
  readonly times?: Partial<SupervisionTimes>;
}

const DEFAULT_SESSIONS = 4;

/**
 * Starts the embedded ClickHouse in a process of its own, and again whenever that ends or hangs.
 * @throws StoreError `folder-in-use`, `engine-not-started` when the first start fails
 */
export async function startEmbeddedEngine(options: EmbeddedEngineOptions): Promise<EmbeddedEngine> {
  const dataDir = resolve(options.dataDir);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const times = { ...DEFAULT_TIMES, ...options.times };
  await lockFolder(dataDir, times.folderWaitMs);
  let socketPath: string | undefined;
  try {
    socketPath = createSocketPath(dataDir);
    return createHandle(await superviseEngine({ ...options, dataDir, times }, socketPath), dataDir, socketPath);
  } catch (error) {
    cleanUp(dataDir, socketPath);
    throw error;
  }
}

async function superviseEngine(
  options: EmbeddedEngineOptions & { readonly times: SupervisionTimes },
  socketPath: string,
): Promise<Supervisor> {
  const { dataDir, times, sessions = DEFAULT_SESSIONS } = options;
  const memory = chooseMemory(options.maxMemoryBytes, options.maxQueryMemoryBytes);
  const start = (signal: AbortSignal) => {
    ensureSocketDir(socketPath);
    const config = { dataDir, socketPath, sessions, memory };
    return startEngineChild(config, (pid) => addOwner(dataDir, pid), signal);
  };
  const first = await start(new AbortController().signal);
  return new Supervisor(
    {
      socketPath,
      times,
      start: async (signal) => start(signal),
      onEvent: (event) => options.onEvent?.(event),
    },
    first,
  );
}

function createHandle(supervisor: Supervisor, dataDir: string, socketPath: string): EmbeddedEngine {
  let stopping: Promise<void> | undefined;
  return {
    socketPath,
    get pid() {
      return supervisor.pid;
    },
    get restarts() {
      return supervisor.restarts;
    },
    stop: () => (stopping ??= supervisor.stop().finally(() => cleanUp(dataDir, socketPath))),
  };
}

function cleanUp(dataDir: string, socketPath: string | undefined): void {
  if (socketPath !== undefined) removeSocketPath(dataDir, socketPath);
  unlockFolder(dataDir);
}
