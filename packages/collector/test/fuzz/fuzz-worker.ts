// Runs bodies in a thread of plain Node, so that a decoder that hangs or takes all memory can be told from outside and be ended.
import { parentPort, workerData } from "node:worker_threads";
import { Coverage } from "./coverage.ts";
import type { FuzzFailure, FuzzJob, WorkerReport } from "./run-fuzz.ts";

const { seed, bodies, isGuided, corpus: initial, shared } = workerData as FuzzJob;
const MAX_FAILURES = 5;
/** Inputs between two looks at the coverage: a look takes as long as some of them. */
const SAMPLE = 200;

/** Where the parent reads what is being decoded: a counter, the size, and the body. */
const progress = new Int32Array(shared, 0, 2);
const current = new Uint8Array(shared, 8);

const isMeasured = (url: string) => /packages\/(?:collector|core|rates)\/src\/|@bufbuild\/protobuf/.test(url);
const coverage = isGuided ? new Coverage(isMeasured) : undefined;
// After the coverage was started, so that it sees them.
const [{ DECODERS, ORACLE }, { BodyCheck }, { Corpus }, { Random }, { shrinkBody }] = await Promise.all([
  import("./decoders-under-test.ts"),
  import("./check-body.ts"),
  import("./corpus.ts"),
  import("./random.ts"),
  import("./shrink-body.ts"),
]);

const random = new Random(seed);
const corpus = new Corpus(random, initial);
const check = new BodyCheck(ORACLE, DECODERS);
const failures: FuzzFailure[] = [];

let sample: Buffer[] = [];
for (let count = 0; count < bodies && failures.length < MAX_FAILURES; count += 1) {
  const body = corpus.createBody(random);
  const fault = run(body);
  if (fault !== null) failures.push({ fault, body: shrink(body).toString("base64") });
  if (coverage !== undefined) sample.push(body);
  if (coverage !== undefined && sample.length === SAMPLE) endSample(coverage);
}
coverage?.close();
const report: WorkerReport = {
  tally: check.tally,
  failures,
  corpus: corpus.added,
  coverage: { functions: coverage?.functions ?? 0, missingParts: coverage?.missingParts ?? 0 },
};
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
parentPort?.postMessage(report);

function run(body: Buffer): string | null {
  current.set(body.subarray(0, current.length));
  progress[1] = body.length;
  Atomics.add(progress, 0, 1);
  return check.check(body);
}

function shrink(body: Buffer): Buffer {
  return shrinkBody(body, (candidate) => run(candidate) !== null);
}

function endSample(counters: Coverage): void {
  const news = counters.take();
  if (news.length > 0) keepWhatIsNew(counters, sample);
  // Some of it only the first time reached, since decoders remember; it must not make every sample look new.
  counters.settle(news);
  sample = [];
}

/** Runs each of a sample again, alone, to find those that reached something new. */
function keepWhatIsNew(counters: Coverage, candidates: readonly Buffer[]): void {
  for (const body of candidates) {
    run(body);
    const news = counters.take();
    if (news.length > 0) corpus.add(body);
    counters.settle(news);
  }
}
