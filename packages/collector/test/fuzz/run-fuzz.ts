import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Tally } from "./check-body.ts";

/** What a worker is to do. */
export interface FuzzJob {
  readonly seed: number;
  readonly bodies: number;
  readonly shared: SharedArrayBuffer;
}

export interface FuzzFailure {
  readonly fault: string;
  /** The body in base64, as small as it could be made. */
  readonly body: string;
}

export interface FuzzReport {
  readonly tally: Tally;
  readonly corpus: number;
  /** Functions of the decoders that ran, and parts of them that never did. */
  readonly coverage: { readonly functions: number; readonly missingParts: number };
  readonly failures: readonly FuzzFailure[];
}

const SHARED_BYTES = 1_048_576;
/** A body takes well below a millisecond, and some milliseconds when it is one of the largest. */
const MAX_MS_A_BODY = 10_000;
const WATCH_INTERVAL_MS = 1_000;
const MAX_HEAP_MB = 2_048;

/** Decodes that many bodies; the same seed gives the same bodies. Ends when a body takes too long, or takes all memory. */
export async function runFuzz(seed: number, bodies: number): Promise<FuzzReport> {
  const shared = new SharedArrayBuffer(SHARED_BYTES);
  const worker = new Worker(new URL("fuzz-worker.ts", import.meta.url), {
    execArgv: ["--conditions=@spancost/source", "--no-warnings"],
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
    workerData: { seed, bodies, shared } satisfies FuzzJob,
  });
  let isHanging = false;
  const watchdog = watch(shared, () => {
    isHanging = true;
    void worker.terminate();
  });
  try {
    const ended = once(worker, "exit");
    const [report] = (await Promise.race([once(worker, "message"), ended.then(() => [undefined])])) as [FuzzReport?];
    await ended;
    if (report !== undefined) return report;
    throw new Error(isHanging ? `A body took more than ${MAX_MS_A_BODY} ms.` : "The worker ended without a report.");
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`Seed ${seed}: ${reason} Body: ${readCurrentBody(shared).toString("base64")}`, { cause });
  } finally {
    clearInterval(watchdog);
    await worker.terminate();
  }
}

/** Calls `onHang` when the counter of bodies stands still for too long. */
function watch(shared: SharedArrayBuffer, onHang: () => void): NodeJS.Timeout {
  const progress = new Int32Array(shared, 0, 1);
  let [seen, sinceMs] = [0, 0];
  return setInterval(() => {
    const now = Atomics.load(progress, 0);
    sinceMs = now === seen ? sinceMs + WATCH_INTERVAL_MS : 0;
    seen = now;
    // Before the first body the code is loaded.
    if (now > 0 && sinceMs > MAX_MS_A_BODY) onHang();
  }, WATCH_INTERVAL_MS);
}

function readCurrentBody(shared: SharedArrayBuffer): Buffer {
  const [, size = 0] = new Int32Array(shared, 0, 2);
  return Buffer.from(new Uint8Array(shared, 8, Math.min(size, SHARED_BYTES - 8)));
}
