import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { StoreError } from "../store-error.ts";
import type { EngineProcessConfig } from "./engine-process-config.ts";
import { ENGINE_PROGRAM } from "./folder-lock.ts";

/** The engine's process, ready for queries. */
export interface EngineChild {
  readonly pid: number;
  /** Resolves with how the process ended: the signal or exit code, and the last it wrote. */
  readonly exited: Promise<string>;
  /** Ends it at once. */
  kill(): void;
  /** Ends it in order, and by force when that takes too long; resolves when it is gone. */
  stop(): Promise<void>;
}

/** Opening a folder of 10 million rows takes 0.2 s; more than this is a fault. */
const START_TIMEOUT_MS = 30_000;
/** After this the engine is killed: what it acknowledged is on disk. */
const STOP_TIMEOUT_MS = 5_000;
/** Threads for one session are taken by its query; the heartbeat's session, files and compression need some beside. */
const EXTRA_POOL_THREADS = 5;

/**
 * Starts the engine's process and waits until it takes queries.
 * @param onSpawn is told the process before it can touch the folder's data; what it throws ends the start
 * @throws StoreError `engine-not-started`
 */
export async function startEngineChild(
  config: EngineProcessConfig,
  onSpawn: (pid: number) => void,
  signal: AbortSignal,
): Promise<EngineChild> {
  const child = spawnChild(config);
  const tail = collectTail(child);
  const exited = describeExit(child, tail);
  const kill = () => void child.kill("SIGKILL");
  const timeout = setTimeout(kill, START_TIMEOUT_MS);
  signal.addEventListener("abort", kill);
  try {
    if (child.pid !== undefined) onSpawn(child.pid);
    const how = await Promise.race([once(child, "message").then(() => null), exited]);
    if (how !== null) throw notStarted(how, config.dataDir);
    return { pid: child.pid ?? -1, exited, kill, stop: () => stopChild(child, exited) };
  } catch (error) {
    kill();
    await exited;
    throw error;
  } finally {
    clearTimeout(timeout);
    signal.removeEventListener("abort", kill);
  }
}

/**
 * Memory that is free goes back after a second, by a thread of its own, and lies in as many arenas as there are cores, a quarter of what is
 * usual: by itself the allocator of the engine keeps some hundred megabytes.
 */
const ALLOCATOR = `dirty_decay_ms:1000,muzzy_decay_ms:0,background_thread:true,narenas:${availableParallelism()}`;

function spawnChild(config: EngineProcessConfig): ChildProcess {
  const program = fileURLToPath(new URL(`./${ENGINE_PROGRAM}${extname(import.meta.url)}`, import.meta.url));
  return fork(program, [JSON.stringify(config)], {
    // Nothing of the parent's environment or flags: the engine needs neither, and neither may change it.
    env: {
      UV_THREADPOOL_SIZE: String(config.sessions + EXTRA_POOL_THREADS),
      TZ: "UTC",
      JE_MALLOC_CONF: ALLOCATOR,
    },
    execArgv: [],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
}

/** Also resolves for a process that could not be made. */
function describeExit(child: ChildProcess, tail: () => string): Promise<string> {
  return new Promise((resolve) => {
    child.once("exit", (code, signal) => resolve(`${String(signal ?? code)}${tail()}`));
    child.on("error", (error) => {
      if (child.pid === undefined) resolve(error.message);
    });
  });
}

/** Keeps the last of what the child wrote to stderr, for the error message. */
function collectTail(child: ChildProcess): () => string {
  const MAX_TAIL = 2_000;
  let tail = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    tail = (tail + text).slice(-MAX_TAIL);
  });
  return () => (tail.trim() === "" ? "" : `: ${tail.trim()}`);
}

async function stopChild(child: ChildProcess, exited: Promise<string>): Promise<void> {
  const timeout = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  if (child.connected) child.disconnect();
  await exited;
  clearTimeout(timeout);
}

function notStarted(how: string, dataDir: string): StoreError {
  return new StoreError(
    "engine-not-started",
    `The embedded ClickHouse ended with ${how} before it was ready. See that ${dataDir} is a writable folder on a local disk with free space, and that this platform is Linux (glibc) or macOS.`,
  );
}
