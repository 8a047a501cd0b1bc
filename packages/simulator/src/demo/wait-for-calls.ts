import { setTimeout as sleep } from "node:timers/promises";

import { isJsonObject } from "../json-reading.ts";
import { DemoError } from "./demo-error.ts";

/** What to wait for. */
export interface WaitForCallsOptions {
  readonly apiUrl: string;
  /** How many calls were billed. */
  readonly expected: number;
  /** @default 30 seconds */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const POLL_INTERVAL_MS = 200;
/** How long the count must stay right: one that is on its way to double passes the right figure too. */
const STEADY_MS = 1_000;

/**
 * Waits until the spend report counts as many calls as were billed, and keeps counting that for a second.
 * @throws DemoError `calls-missing` after the timeout, with the last answer.
 */
export async function waitForCalls(options: WaitForCallsOptions): Promise<void> {
  const url = `${options.apiUrl}/api/v1/spend?by=tenant`;
  const deadlineMs = performance.now() + (options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  let seen = "nothing";
  let rightSinceMs: number | undefined;
  while (performance.now() < deadlineMs) {
    options.signal?.throwIfAborted();
    const count = await countCalls(url).catch((error: unknown) => String(error));
    const nowMs = performance.now();
    rightSinceMs = count === options.expected ? (rightSinceMs ?? nowMs) : undefined;
    if (rightSinceMs !== undefined && nowMs - rightSinceMs >= STEADY_MS) return;
    seen = typeof count === "number" ? `${count} calls` : count;
    await sleep(POLL_INTERVAL_MS);
  }
  throw new DemoError("calls-missing", `${options.expected} calls were billed, but ${url} last gave ${seen}.`);
}

async function countCalls(url: string): Promise<number> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`HTTP ${response.status}: ${await response.text()}`);
  const body: unknown = await response.json();
  const rows = isJsonObject(body) ? body["rows"] : undefined;
  if (!Array.isArray(rows)) throw new Error(`no "rows" in ${JSON.stringify(body)}`);
  return rows.filter(isJsonObject).reduce((sum, row) => sum + Number(row["calls"]), 0);
}
