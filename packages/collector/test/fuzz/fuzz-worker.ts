// Runs bodies in a thread of plain Node, so that a decoder that hangs or takes all memory can be told from outside and be ended.
import { parentPort, workerData } from "node:worker_threads";
import { Coverage } from "./coverage.ts";
import type { FuzzFailure, FuzzJob, FuzzReport } from "./run-fuzz.ts";

const { seed, bodies, shared } = workerData as FuzzJob;
const MAX_FAILURES = 5;
/** Inputs between two looks at the coverage: a look takes as long as some of them. */
const SAMPLE = 200;
/** Samples without news after which the counters are taken out: they make everything slower. */
const MAX_DULL_SAMPLES = 40;

/** Where the parent reads what is being decoded: a counter, the size, and the body. */
const progress = new Int32Array(shared, 0, 2);
const current = new Uint8Array(shared, 8);

const coverage = new Coverage((url) => /packages\/(?:collector|core|rates)\/src\/|@bufbuild\/protobuf/.test(url));
// After the coverage was started, so that it sees them.
const [{ DECODERS, ORACLE }, { BodyCheck }, { Corpus }, { Random }, { shrinkBody }] = await Promise.all([
  import("./decoders-under-test.ts"),
  import("./check-body.ts"),
  import("./corpus.ts"),
  import("./random.ts"),
  import("./shrink-body.ts"),
]);

const random = new Random(seed);
const corpus = new Corpus(random);
const check = new BodyCheck(ORACLE, DECODERS);
const failures: FuzzFailure[] = [];

let sample: Buffer[] = [];
let dullSamples = 0;
for (let count = 0; count < bodies && failures.length < MAX_FAILURES; count += 1) {
  const body = corpus.createBody(random);
  const fault = run(body);
  if (fault !== null)
    failures.push({ fault, body: shrinkBody(body, (candidate) => run(candidate) !== null).toString("base64") });
  if (dullSamples < MAX_DULL_SAMPLES) sample.push(body);
  if (sample.length === SAMPLE) endSample();
}
if (dullSamples < MAX_DULL_SAMPLES) coverage.close();
const report: FuzzReport = {
  tally: check.tally,
  corpus: corpus.size,
  coverage: { functions: coverage.functions, missingParts: coverage.missingParts },
  failures,
};
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
parentPort?.postMessage(report);

function run(body: Buffer): string | null {
  current.set(body.subarray(0, current.length));
  progress[1] = body.length;
  Atomics.add(progress, 0, 1);
  return check.check(body);
}

function endSample(): void {
  const isDull = !coverage.take(false);
  dullSamples = isDull ? dullSamples + 1 : 0;
  if (!isDull) keepWhatIsNew(sample);
  sample = [];
  if (dullSamples === MAX_DULL_SAMPLES) coverage.close();
}

/** Runs each of them again, alone, to find those that reached something new. */
function keepWhatIsNew(candidates: readonly Buffer[]): void {
  for (const body of candidates) {
    run(body);
    if (coverage.take(true)) corpus.add(body);
  }
}
