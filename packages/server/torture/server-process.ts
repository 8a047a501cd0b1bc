import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createStore, type Store } from "@spancost/clickhouse";
import type { ServerFlags } from "@spancost/server";
import type { DiskFault, FromServer, ServerTimes, ServerUrls, ToServer } from "./server-messages.ts";

/** How to start the server. */
export interface ServerOptions {
  /** Holds the data folder and the log. */
  readonly folder: string;
  readonly flags: ServerFlags;
  readonly clockOffsetMs?: number;
  readonly times: ServerTimes;
  /** Told when it ends by itself. */
  readonly onCrash?: (how: string) => void;
}

/** The token that may change stored calls. */
export const ADMIN_TOKEN = "the-admin-of-the-torture";
const CHILD = fileURLToPath(new URL("./server-child.ts", import.meta.url));
const FREE_PORTS = { port: "0", otlpHttpPort: "0", otlpGrpcPort: "0", sqlPort: "0" };
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 30_000;

/** A server in a process of its own, on free ports. */
export class ServerProcess {
  readonly urls: ServerUrls;
  /** From the start of the process until it was ready. */
  readonly startMs: number;
  /** The engine itself, past the server: for looking at what is stored, and for breaking it. */
  readonly store: Store;
  readonly #child: ChildProcess;
  readonly #dataDir: string;
  readonly #exited: Promise<unknown>;
  #isToEnd = false;
  #hasCrashed = false;

  static async start(options: ServerOptions): Promise<ServerProcess> {
    const { folder, flags, clockOffsetMs = 0, times, onCrash = () => {} } = options;
    const startedMs = performance.now();
    const log = openSync(join(folder, "server.log"), "a");
    const child = fork(CHILD, [], {
      execArgv: ["--no-warnings"],
      env: { TZ: "UTC" },
      stdio: ["ignore", log, log, "ipc"],
    });
    const killAtExit = (): void => void child.kill("SIGKILL");
    process.once("exit", killAtExit);
    child.once("exit", () => process.off("exit", killAtExit));
    const data = join(folder, "data");
    const allFlags = { ...FREE_PORTS, data, adminToken: ADMIN_TOKEN, logFormat: "json", ...flags };
    send(child, { type: "start", flags: allFlags, clockOffsetMs, times });
    const exited = once(child, "exit");
    const answer = await Promise.race([
      once(child, "message").then(([message]) => message as FromServer),
      exited.then(([code]): FromServer => ({ type: "failed", message: `the process ended with ${String(code)}` })),
      sleep(START_TIMEOUT_MS, { type: "failed", message: "it took too long" } as FromServer, { ref: false }),
    ]);
    if (answer.type === "failed") {
      child.kill("SIGKILL");
      throw new Error(`The server could not be started: ${answer.message}`);
    }
    const server = new ServerProcess(child, data, answer.urls, performance.now() - startedMs, exited);
    child.once("exit", (code, signal) => {
      if (server.#isToEnd) return;
      server.#hasCrashed = true;
      onCrash(`the server ended by itself with ${String(signal ?? code)}`);
    });
    return server;
  }

  private constructor(
    child: ChildProcess,
    dataDir: string,
    urls: ServerUrls,
    startMs: number,
    exited: Promise<unknown>,
  ) {
    this.#child = child;
    this.#dataDir = dataDir;
    this.urls = urls;
    this.startMs = startMs;
    this.#exited = exited;
    this.store = createStore({ socketPath: readFileSync(join(dataDir, "spancost.socket"), "utf8") });
  }

  get hasCrashed(): boolean {
    return this.#hasCrashed;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The engine's process, as the lock of the folder names it; 0 while there is none. */
  get enginePid(): number {
    try {
      const [, engine = ""] = readFileSync(join(this.#dataDir, "spancost.lock"), "utf8").split(" ");
      return Number.parseInt(engine, 10) || 0;
    } catch {
      return 0;
    }
  }

  /** Moves the wall clock of receiving. */
  setClock(offsetMs: number): void {
    send(this.#child, { type: "clock", offsetMs });
  }

  setDisk(fault: DiskFault): void {
    send(this.#child, { type: "disk", fault });
  }

  /** Signals the engine, when there is one. */
  signalEngine(signal: NodeJS.Signals): boolean {
    try {
      const pid = this.enginePid;
      return pid > 0 && process.kill(pid, signal);
    } catch {
      return false;
    }
  }

  /** Makes the engine stand still. @returns what makes it go on, if it is there then */
  pauseEngine(): () => void {
    const pid = this.enginePid;
    if (!this.signalEngine("SIGSTOP")) return () => {};
    return () => {
      try {
        process.kill(pid, "SIGCONT");
      } catch {
        // It was killed meanwhile.
      }
    };
  }

  /** Ends the process at once, as a crash would. */
  async kill(): Promise<void> {
    this.#isToEnd = true;
    this.#child.kill("SIGKILL");
    await this.#exited;
    await this.store.close();
  }

  /** @returns whether it ended by itself */
  async stop(): Promise<boolean> {
    this.#isToEnd = true;
    send(this.#child, { type: "stop" });
    const late = sleep(STOP_TIMEOUT_MS, "late", { ref: false });
    const isLate = (await Promise.race([this.#exited, late])) === "late";
    await this.kill();
    return !isLate;
  }
}

function send(child: ChildProcess, message: ToServer): void {
  // A process that was just killed takes none.
  if (child.connected) child.send(message, () => {});
}
