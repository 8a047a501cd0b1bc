import { loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { readMetric } from "../api.ts";
import { selectRows, toPicoUsd } from "../ledger.ts";
import type { ServerProcess } from "../server-process.ts";
import type { LoadProcess } from "./load-process.ts";
import { readRssBytes } from "./process-figures.ts";
import { batchCostPicoUsd, SPANS_A_BATCH } from "./steady-body.ts";
import { findTrend } from "./trend.ts";

/** What is run, and with what. */
export interface SoakOptions {
  readonly server: ServerProcess;
  readonly load: LoadProcess;
  readonly minutes: number;
  readonly spansPerSecond: number;
  readonly log: (line: string) => void;
}

const MS_PER_MINUTE = 60_000;
const MIB = 1_048_576;
const SAMPLE_MS = 1_000;
const REPORT_EVERY = 60;
/** The part at the end in which memory may not grow: the last 15 of 20 minutes. */
const STEADY_SHARE = 0.75;
const MAX_SLOPE = 0.02;
const MAX_P99_MS = 250;
const REDELIVERY = 0.05;
const CONNECTIONS = 8;
const DRAIN_MS = 120_000;

interface Sample {
  readonly ms: number;
  readonly serverBytes: number;
  readonly engineBytes: number;
  readonly spoolBytes: number;
}

/** Sends at a steady rate, and tells whether memory, times and the ledger are as they must be. */
export async function runSoak(options: SoakOptions): Promise<boolean> {
  const { server, load, minutes, spansPerSecond, log } = options;
  log(`soak: ${minutes} minutes of ${Math.round(spansPerSecond)} spans/s, ${REDELIVERY * 100} % of them twice`);
  const durationMs = minutes * MS_PER_MINUTE;
  const sampling = sample(options, durationMs);
  const result = await load.run({
    url: server.urls.otlp,
    batchesPerSecond: spansPerSecond / SPANS_A_BATCH / (1 + REDELIVERY),
    forMs: durationMs,
    batches: Infinity,
    connections: CONNECTIONS,
    packing: "quick",
    encoding: "protobuf",
    redelivery: REDELIVERY,
  });
  const samples = await sampling;
  const latencies = result.latenciesMs.toSorted((a, b) => a - b);
  const at = (share: number) => latencies[Math.min(Math.floor(latencies.length * share), latencies.length - 1)] ?? 0;
  const spans = result.batches * SPANS_A_BATCH;
  log(
    `sent ${result.batches} batches (${spans} spans), ${result.redelivered} of them twice, ${result.refused} refusals; the generator took ${(result.cpuMs / 1_000).toFixed(0)} s of CPU and was ${result.behindMs.toFixed(0)} ms behind at the end`,
  );
  log(`acknowledged  p50 ${at(0.5).toFixed(1)} ms, p99 ${at(0.99).toFixed(1)} ms, most ${at(1).toFixed(1)} ms`);
  log(`spool         most ${toMib(Math.max(...samples.map(({ spoolBytes }) => spoolBytes)))} MiB`);
  const steady = samples.filter(({ ms }) => ms >= durationMs * (1 - STEADY_SHARE));
  const growth = describeGrowth(steady, durationMs * STEADY_SHARE, log);
  const verdicts = [
    verdict(
      log,
      growth < MAX_SLOPE,
      `memory grew by ${(growth * 100).toFixed(2)} % of its mean in the last ${STEADY_SHARE * 100} % of the time (less than ${MAX_SLOPE * 100} % is wanted)`,
    ),
    verdict(
      log,
      at(0.99) < MAX_P99_MS,
      `p99 of acknowledgement ${at(0.99).toFixed(1)} ms (less than ${MAX_P99_MS} ms is wanted)`,
    ),
    ...(await checkLedger(options, result.batches)),
  ];
  return verdicts.every(Boolean);
}

async function sample({ server, log }: SoakOptions, durationMs: number): Promise<Sample[]> {
  const samples: Sample[] = [];
  const startedMs = performance.now();
  for (let ms = 0; ms < durationMs; ms = performance.now() - startedMs) {
    await sleep(SAMPLE_MS);
    samples.push({
      ms: performance.now() - startedMs,
      serverBytes: readRssBytes(server.pid),
      engineBytes: readRssBytes(server.enginePid),
      spoolBytes: await readMetric(server, "spancost_spool_bytes").catch(() => Number.NaN),
    });
    if (samples.length % REPORT_EVERY === 0) log(describeSample(samples));
  }
  return samples;
}

function describeSample(samples: readonly Sample[]): string {
  const last = samples.at(-1);
  if (last === undefined) return "";
  const { ms, serverBytes, engineBytes, spoolBytes } = last;
  return `${(ms / MS_PER_MINUTE).toFixed(0)} min: server ${toMib(serverBytes)} MiB, engine ${toMib(engineBytes)} MiB, spool ${toMib(spoolBytes)} MiB, load ${loadavg()[0]?.toFixed(1)}`;
}

/**
 * The trend over the time, as a part of the mean, with its standard error: the engine's memory goes up and down with merges and with
 * maintenance, within a minute, so minutes are compared.
 */
function describeGrowth(samples: readonly Sample[], overMs: number, log: (line: string) => void): number {
  const minutes = [...Map.groupBy(samples, ({ ms }) => Math.floor(ms / MS_PER_MINUTE)).values()];
  const growthOf = (name: string, read: (sample: Sample) => number): number => {
    const trend = findTrend(minutes.map((each) => [meanOf(each, ({ ms }) => ms), meanOf(each, read)]));
    const mean = meanOf(samples, read);
    const percent = (slope: number) => ((slope * overMs * 100) / mean).toFixed(2);
    log(`memory        ${name}: mean ${toMib(mean)} MiB, trend ${percent(trend.slope)} % (± ${percent(trend.error)})`);
    return (trend.slope * overMs) / mean;
  };
  growthOf("server", ({ serverBytes }) => serverBytes);
  growthOf("engine", ({ engineBytes }) => engineBytes);
  return growthOf("both", ({ serverBytes, engineBytes }) => serverBytes + engineBytes);
}

function meanOf(samples: readonly Sample[], read: (sample: Sample) => number): number {
  return samples.reduce((sum, each) => sum + read(each), 0) / samples.length;
}

async function checkLedger({ server, log }: SoakOptions, batches: number): Promise<boolean[]> {
  const deadline = performance.now() + DRAIN_MS;
  while ((await readMetric(server, "spancost_spool_rows")) > 0 && performance.now() < deadline)
    await sleep(SAMPLE_MS / 10);
  const spans = batches * SPANS_A_BATCH;
  const cost = BigInt(batches) * batchCostPicoUsd();
  return [...(await checkView("calls", "count()")), ...(await checkView("spend", "sum(calls)")), await checkTraces()];

  async function checkView(view: string, count: string): Promise<boolean[]> {
    const [row] = await selectRows<[string, string]>(
      server.store,
      `SELECT toString(${count}), toString(sum(cost)) FROM spancost.${view}`,
    );
    const [calls, usd] = row ?? ["0", "0"];
    return [
      verdict(log, Number(calls) === spans, `${view} has ${calls} calls of ${spans}`),
      verdict(log, toPicoUsd(usd) === cost, `${view} has ${toPicoUsd(usd)} of ${cost} (1e-12 USD)`),
    ];
  }

  async function checkTraces(): Promise<boolean> {
    const [row] = await selectRows<[string]>(
      server.store,
      "SELECT toString(uniqExact(cityHash64(TraceId, SpanId))) FROM spancost.otel_traces",
    );
    return verdict(log, Number(row?.[0]) === spans, `otel_traces has ${row?.[0]} spans of ${spans}`);
  }
}

function verdict(log: (line: string) => void, passed: boolean, what: string): boolean {
  log(`${passed ? "PASS" : "FAIL"}  ${what}`);
  return passed;
}

function toMib(bytes: number): string {
  return (bytes / MIB).toFixed(1);
}
