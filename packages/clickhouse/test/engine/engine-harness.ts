import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import {
  type EmbeddedEngine,
  type EmbeddedEngineOptions,
  startEmbeddedEngine,
} from "../../src/engine/embedded-engine.ts";
import type { EngineEvent } from "../../src/engine/engine-events.ts";
import { isRunning, markProcess } from "../../src/engine/process-mark.ts";

/** Short waits. The heartbeat stays as it is: on a machine that is busy with other tests, a short one would find fault with a healthy engine. */
export const QUICK = { folderWaitMs: 600, firstBackoffMs: 10, maxBackoffMs: 50 } as const;

/** A folder that is gone after the test. */
export function makeDataDir(): string {
  const dataDir = mkdtempSync(join(tmpdir(), "spancost-test-"));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  return dataDir;
}

/** An engine that is stopped after the test, and what it told. */
export async function startEngine(
  options: Partial<EmbeddedEngineOptions> = {},
): Promise<{ engine: EmbeddedEngine; dataDir: string; events: EngineEvent[] }> {
  const dataDir = options.dataDir ?? makeDataDir();
  const events: EngineEvent[] = [];
  const engine = await startEmbeddedEngine({
    times: QUICK,
    onEvent: (event) => void events.push(event),
    ...options,
    dataDir,
  });
  onTestFinished(() => engine.stop());
  return { engine, dataDir, events };
}

/** Options of a query over the engine's socket. */
export interface AskOptions {
  readonly settings?: Readonly<Record<string, string | number>>;
  readonly body?: Uint8Array;
  readonly agent?: Agent;
  readonly signal?: AbortSignal;
}

/** Sends SQL, with insert data in `body`; rejects with ClickHouse's message. */
export async function ask(socketPath: string, sql: string, options: AskOptions = {}): Promise<string> {
  return (await askBytes(socketPath, sql, options)).toString("utf8").trimEnd();
}

export async function askBytes(socketPath: string, sql: string, options: AskOptions = {}): Promise<Buffer> {
  const parameters = new URLSearchParams(
    Object.entries(options.settings ?? {}).map(([name, value]) => [name, String(value)]),
  );
  if (options.body !== undefined) parameters.set("query", sql);
  const sent = request({
    socketPath,
    method: "POST",
    path: `/?${parameters.toString()}`,
    agent: options.agent ?? false,
    signal: options.signal,
  });
  sent.end(options.body ?? sql);
  const [response] = await once(sent, "response");
  const answer = await buffer(response);
  if (response.statusCode !== 200) throw new Error(answer.toString("utf8"));
  return answer;
}

/** Waits for something that comes to pass by itself; the test's own timeout is the limit. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(10);
}

/** Asks until there is an answer, as callers do while the engine is started again. */
export async function askUntilAnswered(socketPath: string, sql: string): Promise<string> {
  for (;;) {
    try {
      return await ask(socketPath, sql);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
      await sleep(5);
    }
  }
}

/** A process of its own that runs an engine, as a server does. */
export interface Owner {
  readonly socketPath: string;
  readonly pid: number;
  readonly enginePid: number;
  readonly exited: Promise<unknown>;
}

export async function startOwner(dataDir: string): Promise<Owner> {
  const child = forkOwner(dataDir);
  const [message] = (await once(child, "message")) as [{ socketPath: string; enginePid: number } | { error: string }];
  if ("error" in message) throw new Error(message.error);
  onTestFinished(() => {
    child.kill("SIGKILL");
    killIfThere(message.enginePid);
  });
  return { ...message, pid: child.pid ?? -1, exited: once(child, "exit") };
}

function forkOwner(dataDir: string): ChildProcess {
  return fork(fileURLToPath(new URL("./owner-process.ts", import.meta.url)), [dataDir], { execArgv: [] });
}

export function killIfThere(pid: number, signal: NodeJS.Signals = "SIGKILL"): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone already.
  }
}

/** Whether a process is there; one that ended and was not collected yet is not. */
export function isGone(pid: number): boolean {
  return !isRunning(markProcess(pid));
}
