import { Worker } from "node:worker_threads";
import type { OtlpTarget } from "./otlp-target.ts";

/** Posts the body and tells the status by waking the thread that waits; 1 when there is none. */
const POST = `
const { readFileSync } = require("node:fs");
const { workerData: { target, body, status } } = require("node:worker_threads");
const tell = (code) => { Atomics.store(status, 0, code); Atomics.notify(status, 0); };
try {
  const { url, headers, ...files } = target;
  const tls = Object.fromEntries(Object.entries(files).map(([name, path]) => [name, readFileSync(path)]));
  const { request } = require(url.startsWith("https:") ? "node:https" : "node:http");
  request(url, { ...tls, method: "POST", headers: { ...headers, "content-type": "application/json", "content-length": body.length } })
    .on("response", (response) => { response.resume(); tell(response.statusCode); })
    .on("error", () => tell(1))
    .end(body);
} catch {
  tell(1);
}
`;

/**
 * Sends an OTLP/JSON body from a process that is ending and cannot wait: in a thread that can, so that the certificates of
 * `NODE_EXTRA_CA_CERTS` hold and no header shows in a list of processes. Says whether it was taken.
 * @param body OTLP/JSON `ExportTraceServiceRequest`
 * @throws what the runtime throws when it has no threads, or may not start one
 */
export function sendSynchronously(body: Uint8Array, target: OtlpTarget, timeoutMs: number): boolean {
  const status = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  // Without the app's flags, which would start its instrumentation in the thread too.
  const worker = new Worker(POST, { eval: true, execArgv: [], env: {}, workerData: { target, body, status } });
  worker.on("error", () => {});
  Atomics.wait(status, 0, 0, timeoutMs);
  void worker.terminate();
  const [code = 0] = status;
  return code >= 200 && code < 300;
}
