import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { StoreError } from "../store-error.ts";
import { addOwner, lockFolder, unlockFolder } from "./folder-lock.ts";

/** The running embedded engine. */
export interface EmbeddedEngine {
  /** Unix socket on which the engine speaks ClickHouse's HTTP interface; only this user can reach it. */
  readonly socketPath: string;
  readonly pid: number;
  /** Resolves with a description when the engine has ended without being stopped. */
  readonly died: Promise<string>;
  /** Ends the engine; returns when it is gone. Idempotent. */
  stop(): Promise<void>;
}

/** Options of the embedded engine. */
export interface EmbeddedEngineOptions {
  readonly dataDir: string;
  /** Queries that run at the same time. @default 4 */
  readonly sessions?: number;
}

const DEFAULT_SESSIONS = 4;
/** Opening a folder of 10 million rows takes 0.2 s; more than this is a fault. */
const START_TIMEOUT_MS = 30_000;
/** After this the engine is killed: what it acknowledged is on disk. */
const STOP_TIMEOUT_MS = 5_000;
/** The engine's own threads come on top of one for each session. */
const EXTRA_POOL_THREADS = 4;

/**
 * Starts the embedded ClickHouse in a process of its own.
 * @throws StoreError `folder-in-use`, `engine-not-started`
 */
export async function startEmbeddedEngine(options: EmbeddedEngineOptions): Promise<EmbeddedEngine> {
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  await lockFolder(options.dataDir);
  const socketDir = mkdtempSync(join(tmpdir(), "spancost-"));
  const socketPath = join(socketDir, "clickhouse.sock");
  try {
    const child = await startChild(options, socketPath);
    return createHandle(child, options.dataDir, socketDir, socketPath);
  } catch (error) {
    cleanUp(options.dataDir, socketDir);
    throw error;
  }
}

async function startChild(options: EmbeddedEngineOptions, socketPath: string): Promise<ChildProcess> {
  const sessions = options.sessions ?? DEFAULT_SESSIONS;
  const program = fileURLToPath(new URL(`./engine-process${extname(import.meta.url)}`, import.meta.url));
  const child = fork(program, [options.dataDir, socketPath, String(sessions)], {
    // Nothing of the parent's environment or flags: the engine needs neither, and neither may change it.
    env: { UV_THREADPOOL_SIZE: String(sessions + EXTRA_POOL_THREADS), TZ: "UTC" },
    execArgv: [],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  if (child.pid !== undefined) addOwner(options.dataDir, child.pid);
  const complaints = collectTail(child);
  const timeout = setTimeout(() => child.kill("SIGKILL"), START_TIMEOUT_MS);
  const ended = once(child, "exit").then(([code, signal]) => {
    throw new StoreError(
      "engine-not-started",
      `The embedded ClickHouse ended with ${String(signal ?? code)} before it was ready${complaints()}. See that ${options.dataDir} is a writable folder on a local disk with free space, and that this platform is Linux (glibc) or macOS.`,
    );
  });
  try {
    await Promise.race([once(child, "message"), ended]);
  } finally {
    clearTimeout(timeout);
    ended.catch(() => {});
  }
  return child;
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

function createHandle(child: ChildProcess, dataDir: string, socketDir: string, socketPath: string): EmbeddedEngine {
  let stopping: Promise<void> | undefined;
  const exited = once(child, "exit");
  const died = new Promise<string>((resolve) => {
    child.once("exit", (code, signal) => {
      if (stopping === undefined) resolve(`the embedded ClickHouse ended with ${String(signal ?? code)}`);
    });
  });
  return {
    socketPath,
    pid: child.pid ?? -1,
    died,
    stop: () => (stopping ??= stopChild()),
  };

  async function stopChild(): Promise<void> {
    if (child.exitCode === null && child.signalCode === null) {
      const timeout = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
      if (child.connected) child.disconnect();
      await exited;
      clearTimeout(timeout);
    }
    cleanUp(dataDir, socketDir);
  }
}

function cleanUp(dataDir: string, socketDir: string): void {
  rmSync(socketDir, { recursive: true, force: true });
  unlockFolder(dataDir);
}
