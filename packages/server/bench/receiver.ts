// What receiving costs: CPU of the receiving process for a span, from the socket until it is durable and answered, against a server that
// only unpacks and parses the same spans as JSON. Both get them from the same generator, over as many kept connections, in turn.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createStore } from "@spancost/clickhouse";
import { type ComparisonResult, formatResult } from "../../../.config/bench/compare.ts";
import { estimateMedian, medianOf } from "../../../.config/bench/statistics.ts";
import { selectRows } from "../torture/ledger.ts";
import type { LoadOrder, Packing } from "../torture/load/load-messages.ts";
import { LoadProcess } from "../torture/load/load-process.ts";
import { readCpuMs } from "../torture/load/process-figures.ts";
import { SPANS_A_BATCH } from "../torture/load/steady-body.ts";
import { SubjectProcess } from "./receiver/subject-process.ts";

const PAIRS = 40;
const WARM_UP_PAIRS = 8;
const BATCHES = 48;
/** Senders at once: what comes together shares the work of making it durable. */
const CONNECTIONS = [8, 4];
const AIM = 0.4;
const POLL_MS = 100;
const MICROS_PER_MS = 1_000;

const folder = mkdtempSync(join(tmpdir(), "spancost-bench-"));
const load = await LoadProcess.start();
const ours = await SubjectProcess.start("spancost", folder);
const baseline = await SubjectProcess.start("baseline", "");
const store = createStore({ socketPath: readFileSync(join(folder, "spancost.socket"), "utf8") });
const enginePid = Number.parseInt(readFileSync(join(folder, "spancost.lock"), "utf8").split(" ")[1] ?? "", 10);
let batchesToOurs = 0;
try {
  const inserting = readCpuMs(enginePid);
  for (const connections of CONNECTIONS)
    for (const packing of ["whole", "none"] as const) await compareReceivers(packing, connections);
  const spans = batchesToOurs * SPANS_A_BATCH;
  while ((await countSpans()) < spans) await sleep(POLL_MS);
  assert.equal(await countSpans(), spans);
  const insertMicros = ((readCpuMs(enginePid) - inserting) * MICROS_PER_MS) / spans;
  console.log(
    `insert CPU a span ${insertMicros.toFixed(2)} us, in the engine's process, merges included (${spans} spans); load ${loadavg()[0]?.toFixed(1)}`,
  );
} finally {
  await store.close();
  await Promise.all([ours.stop(), baseline.stop()]);
  load.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function compareReceivers(packing: Packing, connections: number): Promise<void> {
  const [base, candidate]: [number[], number[]] = [[], []];
  for (let pair = -WARM_UP_PAIRS; pair < PAIRS; pair += 1) {
    const measureOurs = async () =>
      record(pair, candidate, await measure(ours, { encoding: "protobuf", packing, connections }));
    const measureBaseline = async () =>
      record(pair, base, await measure(baseline, { encoding: "json", packing, connections }));
    const order = Math.random() < 0.5 ? [measureOurs, measureBaseline] : [measureBaseline, measureOurs];
    for (const run of order) await run();
  }
  const result: ComparisonResult = {
    name: `receiving a span until it is durable, ${packing === "none" ? "plain" : "gzip"}, ${connections} senders`,
    ratio: estimateMedian(candidate.map((micros, at) => micros / (base[at] ?? Number.NaN))),
    aim: AIM,
    baselineMicros: medianOf(base),
    candidateMicros: medianOf(candidate),
    withoutMicros: null,
    pairs: PAIRS,
    calls: BATCHES * SPANS_A_BATCH,
    clock: "cpu",
  };
  console.log(process.argv.includes("--json") ? JSON.stringify(result) : formatResult(result));
}

function record(pair: number, into: number[], micros: number): void {
  if (pair >= 0) into.push(micros);
}

/** CPU microseconds a span. */
async function measure(
  subject: SubjectProcess,
  { encoding, packing, connections }: Pick<LoadOrder, "encoding" | "packing" | "connections">,
): Promise<number> {
  const before = await subject.readCpuMicros();
  const order = { url: subject.url, batches: BATCHES, connections, packing, encoding };
  const { batches, refused } = await load.run({ ...order, batchesPerSecond: Infinity, forMs: Infinity, redelivery: 0 });
  assert.equal(batches, BATCHES);
  assert.equal(refused, 0);
  if (subject === ours) batchesToOurs += batches;
  return ((await subject.readCpuMicros()) - before) / (BATCHES * SPANS_A_BATCH);
}

async function countSpans(): Promise<number> {
  const [row] = await selectRows<[string]>(store, "SELECT toString(count()) FROM spancost.otel_traces");
  return Number(row?.[0]);
}
