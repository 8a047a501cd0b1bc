// Prints what pricing costs: node packages/rates/bench/price.bench.ts (on the built output: run `tsc -b packages/rates` first).
import { type Usage, UNKNOWN_USAGE } from "@spancost/core";
import { createPricer, type Pricer, priceRequest, type RateQuery } from "@spancost/rates";

const ROUNDS = 7;
const CALLS = 300_000;
const LINES = 100_000;
const NANOSECONDS_PER_MS = 1e6;
const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2026, 0, 1);
const USAGE: Usage = {
  ...UNKNOWN_USAGE,
  input: 12_345,
  cacheRead: 8_000,
  cacheWrite5m: 1_000,
  output: 678,
  reasoning: 300,
};
const QUERIES: readonly RateQuery[] = [
  {
    provider: "openai",
    model: "gpt-4o-mini-2024-07-18",
    timeUnixMs: START_MS,
    serviceTier: "default",
    inferenceRegion: "",
  },
  {
    provider: "anthropic",
    model: "claude-sonnet-4-5-20250929",
    timeUnixMs: START_MS,
    serviceTier: "",
    inferenceRegion: "",
  },
  {
    provider: "aws.bedrock",
    model: "us.anthropic.claude-haiku-4-5-20251001-v1:0",
    timeUnixMs: START_MS,
    serviceTier: "",
    inferenceRegion: "us-east-1",
  },
  { provider: "deepseek", model: "deepseek-v4-flash", timeUnixMs: START_MS, serviceTier: "", inferenceRegion: "" },
];

/** Figures of one variant. */
interface Figure {
  readonly name: string;
  readonly nanoseconds: number[];
}

const pricer = createPricer();
check(pricer);
const figures: Figure[] = [
  { name: "resolve, known name", nanoseconds: [] },
  { name: "price, known name", nanoseconds: [] },
  { name: "priceRequest and JSON both ways", nanoseconds: [] },
];
for (let round = 0; round < ROUNDS; round++) {
  record(figures[0], CALLS, (index) => pricer.resolve(at(index)));
  record(figures[1], CALLS, (index) => pricer.price({ ...at(index), usage: USAGE }));
  record(figures[2], LINES, (index) => JSON.stringify(priceRequest(JSON.parse(line(index)), pricer)));
}
const first = measureFirst();
for (const { name, nanoseconds } of figures)
  console.log(
    `${name.padEnd(34)} ${Math.round(Math.min(...nanoseconds))} ns best, ${Math.round(median(nanoseconds))} ns median`,
  );
console.log(`first price of a new pricer         ${(first / 1000).toFixed(0)} microseconds`);
console.log(
  `${LINES} lines of price --ndjson      ${((median(figures[2]?.nanoseconds ?? []) * LINES) / 1e9).toFixed(2)} s`,
);

function at(index: number): RateQuery {
  const query = QUERIES[index % QUERIES.length] ?? { provider: "", model: "", timeUnixMs: 0 };
  return { ...query, timeUnixMs: START_MS + (index % 300) * DAY_MS };
}

function line(index: number): string {
  const { provider, model } = at(index);
  return JSON.stringify({
    id: index,
    provider,
    model,
    timestamp: "2026-06-01T12:00:00Z",
    usage: { input_total: 12_345, cache_read: 8_000, output: 678 },
  });
}

function record(figure: Figure | undefined, count: number, run: (index: number) => unknown): void {
  const start = performance.now();
  for (let index = 0; index < count; index++) run(index);
  figure?.nanoseconds.push(((performance.now() - start) / count) * NANOSECONDS_PER_MS);
}

function measureFirst(): number {
  const start = performance.now();
  createPricer().price({ ...at(0), usage: USAGE });
  return (performance.now() - start) * NANOSECONDS_PER_MS;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** A bench of wrong results is worth nothing: 3,345 + 8,000 + 1,000 in, 678 out at 0.15 / 0.075 / 0.15 / 0.6 USD a million. */
function check(subject: Pricer): void {
  const priced = subject.price({ ...at(0), usage: USAGE });
  if (priced.outcome !== "priced" || priced.costPicoUsd !== 1_658_550_000n)
    throw new Error(
      `Wrong price: ${JSON.stringify(priced, (_, value) => (typeof value === "bigint" ? String(value) : value))}`,
    );
}
