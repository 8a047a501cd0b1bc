import { expect, it } from "vitest";
import { LookBack } from "../src/maintenance/look-back.ts";
import { createRandom } from "./random.ts";

const START = 1_780_000_000_000;
const INSERT_LATENCY_MS = 90_000;

it("looks at every time once more when all its rows are there, however long runs take", () => {
  const random = createRandom(7);
  const lookBack = new LookBack(START);
  const looks: { readonly fromMs: number; readonly toMs: number; readonly nowMs: number }[] = [];
  let known = -Infinity;
  let nowMs = START;
  for (let run = 0; run < 2_000; run += 1) {
    nowMs += random.below(20) === 0 ? 10_000 + random.below(190_000) : 100 + random.below(7_000);
    const part = lookBack.next(nowMs);
    expect(part.fromMs).toBeLessThan(part.toMs);
    // A run that fails has its part again.
    if (random.below(10) === 0) continue;
    looks.push({ ...part, nowMs });
    known = lookBack.done(part, nowMs) ?? known;
  }
  expect(known).toBeGreaterThan(START + 1_000_000);
  for (let atMs = START - INSERT_LATENCY_MS; atMs < known; atMs += 997) {
    const seen = looks.some(
      ({ fromMs, toMs, nowMs: runMs }) => fromMs <= atMs && atMs < toMs && runMs >= atMs + INSERT_LATENCY_MS,
    );
    expect([atMs, seen]).toEqual([atMs, true]);
  }
});

it("ends a round in about half a minute, with parts of about the same size", () => {
  const lookBack = new LookBack(START);
  const rounds: number[] = [];
  let largest = 0;
  for (let nowMs = START + 500; nowMs < START + 300_000; nowMs += 500) {
    const part = lookBack.next(nowMs);
    largest = Math.max(largest, part.toMs - part.fromMs);
    if (lookBack.done(part, nowMs) !== null) rounds.push(nowMs);
  }
  const lengths = rounds.slice(1).map((at, index) => at - (rounds[index] ?? 0));
  expect(Math.max(...lengths)).toBeLessThanOrEqual(40_000);
  expect(Math.min(...lengths)).toBeGreaterThanOrEqual(20_000);
  expect(largest).toBeLessThan(4_000);
});
