import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

import { DemoError } from "./demo-error.ts";
import { findPort } from "./find-port.ts";

/** A running `spancost up`. */
export interface SpancostProcess {
  readonly apiUrl: string;
  readonly otlpUrl: string;
  readonly sqlUrl: string;
  /** Rejects with a `DemoError` when the process ends before `stop` is called; never resolves. */
  readonly failed: Promise<never>;
  /** Ends the process: asks first, kills after ten seconds. */
  stop(): Promise<void>;
}

/** How to start it. */
export interface SpancostOptions {
  /** The CLI's main file. */
  readonly cliPath: string;
  /** An empty folder for the database. */
  readonly dataFolder: string;
}

const DEFAULT_PORTS = { api: 4400, otlp: 4318, sql: 8123 } as const;
/** A first start creates the database; a slow machine takes seconds, not a minute. */
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 10_000;
/** How much of the output a failure quotes. */
const TAIL_LINES = 20;

type ListenerName = keyof typeof DEFAULT_PORTS;

/**
 * Starts `spancost up` on its default ports, or on free ones where they are taken, and waits until it is ready.
 * @throws DemoError `spancost-failed`, with the end of its output.
 */
export async function startSpancost({ cliPath, dataFolder }: SpancostOptions): Promise<SpancostProcess> {
  const [api, otlp, sql] = await Promise.all([
    findPort(DEFAULT_PORTS.api),
    findPort(DEFAULT_PORTS.otlp),
    findPort(DEFAULT_PORTS.sql),
  ]);
  const ports = ["--port", `${api}`, "--otlp-http-port", `${otlp}`, "--sql-port", `${sql}`];
  const child = spawn(process.execPath, [cliPath, "up", "--data", dataFolder, ...ports], {
    // The channel is not written to: its end tells the server that the demo is gone, however it went.
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const killAtExit = (): void => void child.kill("SIGKILL");
  process.once("exit", killAtExit);
  const output = watchOutput(child);
  const ended = waitForEnd(child).finally(() => process.off("exit", killAtExit));
  const failed = ended.then((how): never => {
    throw new DemoError("spancost-failed", `"spancost up" ended with ${how}. Its last lines:\n${output.tail()}`);
  });
  // Whoever waits sees the rejection; nobody waits for it after a normal stop.
  failed.catch(() => {});
  try {
    return {
      ...(await Promise.race([output.ready, failed, timeOut(output.tail)])),
      failed,
      stop: () => stop(child, ended),
    };
  } catch (error) {
    await stop(child, ended);
    throw error;
  }
}

type ListenerUrls = Pick<SpancostProcess, "apiUrl" | "otlpUrl" | "sqlUrl">;

interface WatchedOutput {
  readonly ready: Promise<ListenerUrls>;
  readonly tail: () => string;
}

/** Reads the lines `spancost: NAME URL` up to `spancost: ready`, and keeps the last lines for messages. */
function watchOutput(child: ChildProcess): WatchedOutput {
  const lines: string[] = [];
  const urls = new Map<string, string>();
  const toUrl = (listener: ListenerName): string => urls.get(listener) ?? "";
  const ready = new Promise<ListenerUrls>((resolve) => {
    const take = (line: string): void => {
      lines.push(line);
      if (lines.length > TAIL_LINES) lines.shift();
      const [, name, url] = /^spancost: (\w+)(?: (\S+))?$/.exec(line) ?? [];
      if (name !== undefined && url !== undefined) urls.set(name, url);
      if (name === "ready") resolve({ apiUrl: toUrl("api"), otlpUrl: toUrl("otlp"), sqlUrl: toUrl("sql") });
    };
    for (const stream of [child.stdout, child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on("line", take);
    }
  });
  return { ready, tail: () => lines.map((line) => `  ${line}`).join("\n") };
}

function waitForEnd(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(String(error)));
    child.once("close", (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
}

function timeOut(tail: () => string): Promise<never> {
  return new Promise((_resolve, reject) => {
    setTimeout(() => {
      const message = `"spancost up" was not ready after ${START_TIMEOUT_MS} ms. Its last lines:\n${tail()}`;
      reject(new DemoError("spancost-failed", message));
    }, START_TIMEOUT_MS).unref();
  });
}

async function stop(child: ChildProcess, ended: Promise<string>): Promise<void> {
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(timer);
}
