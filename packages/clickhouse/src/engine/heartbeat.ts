import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { HEARTBEAT_HEADER } from "./engine-process-config.ts";

/** When an engine counts as unresponsive. */
export interface HeartbeatTimes {
  /** Pause between two questions. */
  readonly intervalMs: number;
  /** How long one answer may take. */
  readonly timeoutMs: number;
}

/** One answer can be missed because this process, or the machine, stood still; the second question is asked afterwards. */
const MISSES = 2;
/** This process has no file left to ask with: that says nothing about the engine. */
const OWN_FAULTS: ReadonlySet<string> = new Set(["EMFILE", "ENFILE"]);
/** The engine refuses for want of memory: it is busy, not broken. */
const MEMORY_LIMIT_EXCEEDED = "241";

/**
 * Asks the engine again and again for the answer to a query, which takes its event loop and its native code.
 * @returns what was wrong, when answers stay away; `null` after an abort
 */
export async function waitUntilUnresponsive(
  socketPath: string,
  times: HeartbeatTimes,
  signal: AbortSignal,
): Promise<string | null> {
  let misses = 0;
  for (;;) {
    try {
      await sleep(times.intervalMs, undefined, { signal, ref: false });
    } catch {
      return null;
    }
    const problem = await ask(socketPath, times.timeoutMs, signal);
    if (signal.aborted) return null;
    misses = problem === null ? 0 : misses + 1;
    if (problem !== null && misses >= MISSES) return problem;
  }
}

function ask(socketPath: string, timeoutMs: number, signal: AbortSignal): Promise<string | null> {
  return new Promise((resolve) => {
    const timeout = AbortSignal.timeout(timeoutMs);
    const question = request({
      socketPath,
      path: "/?query=SELECT%201",
      headers: { [HEARTBEAT_HEADER]: "1" },
      // A connection of its own: none of a pool may be free.
      agent: false,
      signal: AbortSignal.any([signal, timeout]),
    });
    const fail = (error: NodeJS.ErrnoException) => {
      if (timeout.aborted) resolve(`no answer within ${timeoutMs} ms`);
      else resolve(OWN_FAULTS.has(error.code ?? "") ? null : error.message);
    };
    question.on("error", fail);
    question.on("response", (response) => {
      const code = response.headers["x-clickhouse-exception-code"];
      const isWell = response.statusCode === 200 || code === MEMORY_LIMIT_EXCEEDED;
      const problem = isWell ? null : `answered with status ${response.statusCode}, error code ${String(code)}`;
      response
        .on("error", fail)
        .on("end", () => resolve(problem))
        .resume();
    });
    question.end();
  });
}
