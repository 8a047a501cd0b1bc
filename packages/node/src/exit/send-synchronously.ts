import { spawnSync } from "node:child_process";
import type { OtlpTarget } from "./otlp-target.ts";

/** Longest time that an exit is held up, in milliseconds. */
const TIMEOUT_MS = 3_000;

/** Posts its input and ends with 0 when it was taken. Its target stands in a variable: arguments can be seen by other users. */
const POST = `
const { url, headers } = JSON.parse(process.env.SPANCOST_EXIT_TARGET);
const body = await new Response(process.stdin).arrayBuffer();
const response = await fetch(url, { method: "POST", headers: { ...headers, "content-type": "application/json" }, body });
process.exit(response.ok ? 0 : 1);
`;

/**
 * Sends an OTLP/JSON body from a process that is ending and cannot wait: by a child process that can. Says whether it was taken.
 * @param body OTLP/JSON `ExportTraceServiceRequest`
 */
export function sendSynchronously(body: Uint8Array, target: OtlpTarget): boolean {
  const result = spawnSync(process.execPath, ["--input-type=module", "--eval", POST], {
    input: body,
    timeout: TIMEOUT_MS,
    stdio: ["pipe", "ignore", "ignore"],
    // Without NODE_OPTIONS: the child must not load the app's instrumentation again.
    env: { SPANCOST_EXIT_TARGET: JSON.stringify(target) },
  });
  return result.status === 0;
}
