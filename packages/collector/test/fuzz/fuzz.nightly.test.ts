import { availableParallelism } from "node:os";
import { expect, it } from "vitest";
import { DECODERS } from "./decoders-under-test.ts";
import { type FuzzReport, runFuzz } from "./run-fuzz.ts";

const DEFAULT_BODIES = 10_000_000;
/** Bodies of one worker; the next starts anew, with another seed and counters of its own. */
const BODIES_A_JOB = 250_000;
const HOURS_MS = 3_600_000;

const bodies = Number(process.env["FUZZ_BODIES"] ?? DEFAULT_BODIES);
const firstSeed = Number(process.env["FUZZ_SEED"] ?? Math.trunc(Date.now() / 1000));

it(
  `every decoder gives the same rows for ${bodies} mutated bodies (first seed ${firstSeed})`,
  async () => {
    const reports: FuzzReport[] = [];
    const seeds = Array.from({ length: Math.ceil(bodies / BODIES_A_JOB) }, (_, index) => firstSeed + 2 * index);
    await Promise.all(
      Array.from({ length: availableParallelism() }, async () => {
        for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
          const report = await runFuzz(seed, Math.min(bodies, BODIES_A_JOB));
          console.log(JSON.stringify({ seed, ...report }));
          expect(report.failures, `seed ${seed}`).toEqual([]);
          reports.push(report);
        }
      }),
    );
    const tallies = reports.flatMap((report) => report.tallies);
    expect(tallies.reduce((sum, tally) => sum + tally.bodies, 0)).toBeGreaterThanOrEqual(bodies);
    for (const { name } of DECODERS) {
      const understood = tallies.reduce((sum, tally) => sum + (tally.understood[name] ?? 0), 0);
      expect(understood, name).toBeGreaterThan(0);
    }
  },
  12 * HOURS_MS,
);
