import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Tally } from "./check-body.ts";

/** What a worker is to do. */
export interface FuzzJob {
  readonly seed: number;
  readonly bodies: number;
  /** Whether bodies that reach new code are kept to be changed further. Counting makes the code several times slower. */
  readonly isGuided: boolean;
  /** Bodies to start from besides its own. */
  readonly corpus: readonly Uint8Array[];
  readonly shared: SharedArrayBuffer;
}

export interface FuzzFailure {
  readonly fault: string;
  /** The body in base64, as small as it could be made. */
  readonly body: string;
}

/** What became of a run. */
export interface FuzzReport {
  readonly tallies: readonly Tally[];
  /** Functions of the decoders that ran, and parts of them that never did. */
  readonly coverage: WorkerReport["coverage"];
  /** Bodies that reached new code. */
  readonly kept: number;
  readonly failures: readonly FuzzFailure[];
}

/** What a worker answers. */
export interface WorkerReport {
  readonly tally: Tally;
  readonly coverage: { readonly functions: number; readonly missingParts: number };
  readonly corpus: readonly Uint8Array[];
  readonly failures: readonly FuzzFailure[];
}

const SHARED_BYTES = 1_048_576;
/** A body takes well below a millisecond, and some milliseconds when it is one of the largest. */
const MAX_MS_A_BODY = 10_000;
const WATCH_INTERVAL_MS = 1_000;
const MAX_HEAP_MB = 2_048;

/** Part of the bodies that are tried with an eye to what code they reach. */
const GUIDED_SHARE = 0.1;

/**
 * Decodes that many bodies, the first of them guided by coverage, and the others made from what these found; the same seed gives the
 * same bodies.
 * @throws Error with the body when one takes too long, or all memory
 */
export async function runFuzz(seed: number, bodies: number): Promise<FuzzReport> {
  const guidedBodies = Math.ceil(bodies * GUIDED_SHARE);
  const guided = await runWorker({ seed, bodies: guidedBodies, isGuided: true, corpus: [] });
  const { corpus, coverage } = guided;
  const blind = await runWorker({ seed: seed + 1, bodies: bodies - guidedBodies, isGuided: false, corpus });
  const failures = [...guided.failures, ...blind.failures];
  return { tallies: [guided.tally, blind.tally], coverage, kept: corpus.length, failures };
}

async function runWorker(job: Omit<FuzzJob, "shared">): Promise<WorkerReport> {
  const shared = new SharedArrayBuffer(SHARED_BYTES);
  const worker = new Worker(new URL("fuzz-worker.ts", import.meta.url), {
    execArgv: ["--conditions=@spancost/source", "--no-warnings"],
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
    workerData: { ...job, shared } satisfies FuzzJob,
  });
  let isHanging = false;
  const watchdog = watch(shared, () => {
    isHanging = true;
    void worker.terminate();
  });
  try {
    const ended = once(worker, "exit");
    const [report] = (await Promise.race([once(worker, "message"), ended.then(() => [undefined])])) as [WorkerReport?];
    await ended;
    if (report !== undefined) return report;
    throw new Error(isHanging ? `A body took more than ${MAX_MS_A_BODY} ms.` : "The worker ended without a report.");
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`Seed ${job.seed}: ${reason} Body: ${readCurrentBody(shared).toString("base64")}`, { cause });
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
