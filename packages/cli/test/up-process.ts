import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** How to start `spancost up`. */
export interface UpOptions {
  /** Folder of the embedded database; several processes may use it one after the other. */
  readonly dataDir: string;
  /** Over the test's own environment, of which no `SPANCOST_*` and `OTEL_*` variable is handed on. */
  readonly env?: Readonly<Record<string, string>>;
  /** More flags; they win over those that ask for free ports. */
  readonly args?: readonly string[];
}

/** A `spancost up` that is ready. */
export interface UpProcess {
  /** URLs as the process prints them, without a slash at the end. */
  readonly api: string;
  readonly otlp: string;
  readonly sql: string;
  readonly pid: number;
  /** Asks it to end (SIGTERM) and resolves to its exit code; kills it after ten seconds, which gives `null`. */
  stop(): Promise<number | null>;
  /** Ends it at once (SIGKILL), as a crash would, and waits until it is gone. */
  kill(): Promise<void>;
}

const CLI_PATH = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const FREE_PORTS = ["--port", "0", "--otlp-http-port", "0", "--otlp-grpc-port", "0", "--sql-port", "0"];
/** A first start creates the database; a slow machine takes seconds, not a minute. */
const START_TIMEOUT_MS = 45_000;
const STOP_TIMEOUT_MS = 10_000;

/** Starts the built CLI's `up` on free ports and waits until it is ready; fails with its output when it is not. */
export async function startUp({ dataDir, env = {}, args = [] }: UpOptions): Promise<UpProcess> {
  const child = spawn(process.execPath, [CLI_PATH, "up", "--data", dataDir, ...FREE_PORTS, ...args], {
    env: { ...toNeutralEnvironment(process.env), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const killAtExit = (): void => void child.kill("SIGKILL");
  process.once("exit", killAtExit);
  const ended = waitForEnd(child).finally(() => process.off("exit", killAtExit));
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
  };
  try {
    const urls = await waitUntilReady(child, ended);
    return { ...urls, pid: child.pid ?? 0, stop: () => stop(child, ended), kill };
  } catch (error) {
    await kill();
    throw error;
  }
}

/** The environment without what configures Spancost or OpenTelemetry, so that a test means the same everywhere. */
export function toNeutralEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !/^(?:SPANCOST|OTEL)_/.test(name)));
}

function waitForEnd(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => {
    child.once("error", () => resolve(null));
    child.once("close", (code) => resolve(code));
  });
}

/** Reads the lines `spancost: NAME URL` up to `spancost: ready`. */
async function waitUntilReady(
  child: ChildProcess,
  ended: Promise<number | null>,
): Promise<Pick<UpProcess, "api" | "otlp" | "sql">> {
  const urls = new Map<string, string>();
  const lines: string[] = [];
  const ready = new Promise<"ready">((resolve) => {
    const take = (line: string): void => {
      lines.push(line);
      const [, name = "", url = ""] = /^spancost: (\w+)(?: (\S+))?$/.exec(line) ?? [];
      if (url !== "") urls.set(name, url);
      if (name === "ready") resolve("ready");
    };
    for (const stream of [child.stdout, child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on("line", take);
    }
  });
  const late = sleep(START_TIMEOUT_MS, `was not ready after ${START_TIMEOUT_MS} ms`, { ref: false });
  const early = ended.then((code) => `ended with exit code ${code}`);
  const outcome = await Promise.race([ready, early, late]);
  if (outcome !== "ready") throw new Error(`"spancost up" ${outcome}. It wrote:\n${lines.join("\n")}`);
  return { api: urls.get("api") ?? "", otlp: urls.get("otlp") ?? "", sql: urls.get("sql") ?? "" };
}

async function stop(child: ChildProcess, ended: Promise<number | null>): Promise<number | null> {
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  const code = await ended;
  clearTimeout(timer);
  return code;
}
