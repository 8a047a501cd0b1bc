// Prints what all hooks together cost: npm run bench -- packages/instrumentation. BENCH: part of a name; PAIRS: of processes.
import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type ComparisonResult, formatResult } from "../../../.config/bench/compare.ts";
import { estimateMedian, medianOf } from "../../../.config/bench/statistics.ts";
import { SCENARIOS, type Scenario } from "./variant/scenarios.ts";

/** Two processes of the same code differ by some per cent, as their code was compiled at other moments: so several. */
const PROCESS_PAIRS = Number(process.env.PAIRS ?? 6);
const ROUNDS = 20;
/** Calls of a process that do not count: its code is being compiled. */
const WARM_UP_CALLS = 2_000;
const WARM_UP_STREAMS = 16;

const VARIANT = new URL("variant/variant-process.ts", import.meta.url);
const execArgv = ["--no-warnings"];
const provider = fork(new URL("provider/provider-process.ts", import.meta.url), { execArgv });
const [address]: AddressInfo[] = await once(provider, "message");
const origin = `http://127.0.0.1:${address?.port}`;

async function ask(child: ChildProcess, question: "check" | "sample"): Promise<unknown> {
  child.send(question);
  const [message]: unknown[] = await once(child, "message");
  return Reflect.get(message as object, "value");
}

async function start(scenario: Scenario, variant: "bare" | "hooked"): Promise<ChildProcess> {
  const child = fork(VARIANT, [scenario.name, origin, variant], { execArgv });
  await once(child, "message");
  return child;
}

/** Microseconds of samples of one pair of processes, which take turns, as [bare, candidate]. */
async function measurePair(scenario: Scenario, candidate: "bare" | "hooked"): Promise<readonly [number, number][]> {
  const pair = [await start(scenario, "bare"), await start(scenario, candidate)] as const;
  assert.deepEqual(await ask(pair[1], "check"), await ask(pair[0], "check"));
  const samples: [number, number][] = [];
  const warmUpRounds = (scenario.isStream ? WARM_UP_STREAMS : WARM_UP_CALLS) / scenario.calls;
  for (let round = 0; round < warmUpRounds + ROUNDS; round += 1) {
    const order = Math.random() < 0.5 ? ([0, 1] as const) : ([1, 0] as const);
    const sample: [number, number] = [0, 0];
    for (const at of order) sample[at] = Number(await ask(pair[at], "sample"));
    if (round >= warmUpRounds) samples.push(sample);
  }
  for (const child of pair) child.disconnect();
  return samples;
}

async function compareProcesses(scenario: Scenario, candidate: "bare" | "hooked"): Promise<ComparisonResult> {
  const samples: (readonly [number, number])[] = [];
  for (let pair = 0; pair < PROCESS_PAIRS; pair += 1) samples.push(...(await measurePair(scenario, candidate)));
  const { name, calls, aim = null } = scenario;
  return {
    name: candidate === "bare" ? `${name}, against itself` : name,
    ratio: estimateMedian(samples.map(([bare, hooked]) => hooked / bare)),
    aim: candidate === "bare" ? null : aim,
    baselineMicros: medianOf(samples.map(([bare]) => bare)) / calls,
    candidateMicros: medianOf(samples.map(([, hooked]) => hooked)) / calls,
    withoutMicros: null,
    pairs: samples.length,
    calls,
    clock: "cpu",
  };
}

const wanted = process.env.BENCH ?? "";
const candidate = process.env.AGAINST_ITSELF === undefined ? "hooked" : "bare";
for (const scenario of SCENARIOS.filter(({ name }) => name.includes(wanted))) {
  const result = await compareProcesses(scenario, candidate);
  console.log(process.argv.includes("--json") ? JSON.stringify(result) : formatResult(result));
}
provider.disconnect();
