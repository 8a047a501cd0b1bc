import { loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { readMetric } from "../api.ts";
import { selectRows } from "../ledger.ts";
import type { ServerProcess } from "../server-process.ts";
import type { LoadProcess } from "./load-process.ts";
import { SPANS_A_BATCH } from "./steady-body.ts";
import { findTrend } from "./trend.ts";

/** What is measured, and with what. */
export interface RateOptions {
  readonly server: ServerProcess;
  readonly load: LoadProcess;
  readonly log: (line: string) => void;
}

const STEP_MS = 15_000;
/** The rate that was found has to hold for longer, so that merges of what was inserted take their part ... */
const LASTING_MS = 240_000;
/** ... and is this part of itself otherwise. */
const STEP_DOWN = 0.9;
/** The first part of a step, in which the spool fills to what it holds between two inserts. */
const SETTLING_SHARE = 0.4;
const SAMPLE_MS = 250;
const FIRST_RATE = 10_000;
/** Until the upper and the lower bound are so near. */
const PRECISION = 0.12;
/** Part of what comes by which the spool may grow: it is measured between inserts that take half a second's rows at once. */
const MAX_GROWTH = 0.03;
const MIN_SENT = 0.97;
const CONNECTIONS = 8;

/**
 * The rate, in spans a second, at which what is received is inserted as fast as it comes: it is doubled until the spool grows, halved in
 * between, and then held for some minutes.
 */
export async function findSustainedRate(options: RateOptions): Promise<number> {
  let [low, high] = [0, Infinity];
  for (let rate = FIRST_RATE; high === Infinity || high / low > 1 + PRECISION; rate = choose(low, high)) {
    if (await isSustained(options, rate, STEP_MS)) low = rate;
    else high = rate;
    if (high < FIRST_RATE / 8) break;
  }
  while (low > 0 && !(await isSustained(options, low, LASTING_MS))) low *= STEP_DOWN;
  options.log(`sustained rate ${Math.round(low)} spans/s`);
  return low;
}

function choose(low: number, high: number): number {
  if (high === Infinity) return low * 2;
  return low === 0 ? high / 2 : (low + high) / 2;
}

async function isSustained(
  { server, load, log }: RateOptions,
  spansPerSecond: number,
  forMs: number,
): Promise<boolean> {
  const samples: [ms: number, rows: number][] = [];
  const order = { url: server.urls.otlp, connections: CONNECTIONS, redelivery: 0, batches: Infinity };
  const wire = { encoding: "protobuf", packing: "quick" } as const;
  const running = load.run({ ...order, ...wire, batchesPerSecond: spansPerSecond / SPANS_A_BATCH, forMs });
  const startedMs = performance.now();
  for (let ms = 0; ms < forMs; ms = performance.now() - startedMs) {
    await sleep(SAMPLE_MS);
    if (ms > forMs * SETTLING_SHARE) samples.push([ms, await readMetric(server, "spancost_spool_rows")]);
  }
  const { batches, elapsedMs } = await running;
  // Each span of this batch is a row of two tables.
  const growth = (findTrend(samples).slope * 1_000) / 2;
  const rate = (batches * SPANS_A_BATCH * 1_000) / Math.max(elapsedMs, forMs);
  const holds = growth < spansPerSecond * MAX_GROWTH && rate > spansPerSecond * MIN_SENT;
  log(
    `offered ${Math.round(spansPerSecond)} spans/s for ${forMs / 1_000} s: acknowledged ${Math.round(rate)}/s, the spool grew by ${Math.round(growth)}/s, load ${loadavg()[0]?.toFixed(1)}: ${holds ? "holds" : "too much"}`,
  );
  // What one rate left behind is no part of the next.
  while ((await readMetric(server, "spancost_spool_rows")) > 0 || (await countMerges(server)) > 0)
    await sleep(SAMPLE_MS);
  return holds;
}

async function countMerges({ store }: ServerProcess): Promise<number> {
  const [row] = await selectRows<[string]>(store, "SELECT toString(count()) FROM system.merges");
  return Number(row?.[0] ?? 0);
}
