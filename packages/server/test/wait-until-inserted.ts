import { setTimeout as sleep } from "node:timers/promises";

const WAIT_LIMIT_MS = 20_000;
const POLL_MS = 20;

/** Waits until all that a server acknowledged is in its database: a 200 promises that it will be, not that it is. */
export async function waitUntilInserted(apiUrl: string, headers: Record<string, string> = {}): Promise<void> {
  const deadline = Date.now() + WAIT_LIMIT_MS;
  while (Date.now() < deadline) {
    const response = await fetch(`${apiUrl}/metrics`, { headers });
    if (/^spancost_spool_rows 0$/m.test(await response.text())) return;
    await sleep(POLL_MS);
  }
  throw new Error("The spool is not empty after 20 s.");
}
