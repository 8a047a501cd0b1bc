import { type Estimate, estimateMedian, estimateRatioOfMedians, medianOf } from "./statistics.ts";

/** What is timed: called again and again; a promise is awaited before the next call. */
export type Work = () => unknown;

/** Two ways of doing the same thing, to be compared by their time. */
export interface Comparison {
  readonly name: string;
  readonly baseline: Work;
  readonly candidate: Work;
  /** Where given, only what each adds to this is compared: (candidate - without) / (baseline - without). */
  readonly without?: Work | undefined;
  /** What the ratio should at most be, printed beside it. Nothing fails: the machine may be busy. */
  readonly aim?: number | undefined;
  /** @default "cpu", the time of all threads of the process; "wall" where waiting counts */
  readonly clock?: "cpu" | "wall" | undefined;
  /** Rounds, at least 100; each times every variant once, in random order. @default 200 */
  readonly pairs?: number | undefined;
  /** Calls a sample. @default as many as the baseline makes in `sampleMs` */
  readonly calls?: number | undefined;
  /** @default 10 */
  readonly sampleMs?: number | undefined;
}

/** Ratio of a comparison, and the median cost of one call of each variant. */
export interface ComparisonResult {
  readonly name: string;
  readonly ratio: Estimate;
  readonly aim: number | null;
  readonly baselineMicros: number;
  readonly candidateMicros: number;
  readonly withoutMicros: number | null;
  readonly pairs: number;
  readonly calls: number;
  readonly clock: "cpu" | "wall";
}

const MIN_PAIRS = 100;
const DEFAULT_PAIRS = 200;
const DEFAULT_SAMPLE_MS = 10;
/** Rounds before those that count: code is compiled, inline caches and heap reach their normal state. */
const WARM_UP_ROUNDS = 20;

/**
 * Measures variants in interleaved rounds, so that what disturbs the machine disturbs all of them, and prints one line (`--json`: one
 * JSON document a line). Check what the variants produce before calling this.
 */
export async function compare(comparison: Comparison): Promise<ComparisonResult> {
  const { name, baseline, candidate, without, aim = null, clock = "cpu" } = comparison;
  const pairs = Math.max(comparison.pairs ?? DEFAULT_PAIRS, MIN_PAIRS);
  const variants = without === undefined ? [baseline, candidate] : [baseline, candidate, without];
  const calls = comparison.calls ?? (await countCalls(variants, comparison.sampleMs ?? DEFAULT_SAMPLE_MS));
  await measureRounds(variants, WARM_UP_ROUNDS, calls, clock);
  const [base = [], cand = [], bare] = await measureRounds(variants, pairs, calls, clock);
  const result: ComparisonResult = {
    name,
    ratio: bare === undefined ? estimateMedian(divide(cand, base)) : estimateRatioOfMedians(...added(cand, base, bare)),
    aim,
    baselineMicros: medianOf(base) / calls,
    candidateMicros: medianOf(cand) / calls,
    withoutMicros: bare === undefined ? null : medianOf(bare) / calls,
    pairs,
    calls,
    clock,
  };
  console.log(process.argv.includes("--json") ? JSON.stringify(result) : formatResult(result));
  return result;
}

/** One line: the ratio, its interval, and what a call costs. */
export function formatResult(result: ComparisonResult): string {
  const { name, ratio, aim, baselineMicros, candidateMicros, withoutMicros, pairs, clock } = result;
  const interval = `${ratio.median.toFixed(3)}  [${ratio.low.toFixed(3)}, ${ratio.high.toFixed(3)}]`;
  const wanted = aim === null ? "" : `  aim ${aim}`;
  const bare = withoutMicros === null ? "" : `, without ${withoutMicros.toFixed(3)}`;
  const costs = `${baselineMicros.toFixed(3)} -> ${candidateMicros.toFixed(3)}${bare} us ${clock}, ${pairs} pairs`;
  return `${name.padEnd(72)} ${interval}${wanted}  (${costs})`;
}

/** Microseconds of every sample, by variant and round. */
async function measureRounds(
  variants: readonly Work[],
  rounds: number,
  calls: number,
  clock: "cpu" | "wall",
): Promise<readonly (readonly number[])[]> {
  const samples: number[][] = variants.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const at of shuffle(variants.length)) {
      const work = variants[at];
      if (work !== undefined) samples[at]?.push(await measureMicros(work, calls, clock));
    }
  }
  return samples;
}

async function measureMicros(work: Work, calls: number, clock: "cpu" | "wall"): Promise<number> {
  const read = clock === "cpu" ? readCpuMicros : readWallMicros;
  const start = read();
  for (let call = 0; call < calls; call += 1) {
    const running = work();
    if (running instanceof Promise) await running;
  }
  return read() - start;
}

/** How many calls of the slowest variant fill a sample. */
async function countCalls(variants: readonly Work[], sampleMs: number): Promise<number> {
  let calls = 1;
  for (;;) {
    const micros: number[] = [];
    for (const work of variants) micros.push(await measureMicros(work, calls, "wall"));
    const slowest = Math.max(...micros) / 1_000;
    if (slowest >= sampleMs) return Math.max(Math.round((calls * sampleMs) / slowest), 1);
    calls *= 2;
  }
}

function divide(above: readonly number[], below: readonly number[]): number[] {
  return above.map((value, at) => value / (below[at] ?? Number.NaN));
}

function added(cand: readonly number[], base: readonly number[], bare: readonly number[]): [number[], number[]] {
  const minus = (values: readonly number[]): number[] => values.map((value, at) => value - (bare[at] ?? 0));
  return [minus(cand), minus(base)];
}

/** The numbers below `length` in random order (Fisher-Yates). */
function shuffle(length: number): number[] {
  const order = Array.from({ length }, (_, at) => at);
  for (let at = length - 1; at > 0; at -= 1) {
    const other = Math.floor(Math.random() * (at + 1));
    [order[at], order[other]] = [order[other] ?? 0, order[at] ?? 0];
  }
  return order;
}

function readCpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function readWallMicros(): number {
  return Number(process.hrtime.bigint()) / 1_000;
}
