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
    known = lookBack.done(part, nowMs, random.below(2_000_000)) ?? known;
  }
  expect(known).toBeGreaterThan(START + 1_000_000);
  for (let atMs = START - INSERT_LATENCY_MS; atMs < known; atMs += 997) {
    const seen = looks.some(
      ({ fromMs, toMs, nowMs: runMs }) => fromMs <= atMs && atMs < toMs && runMs >= atMs + INSERT_LATENCY_MS,
    );
    expect([atMs, seen]).toEqual([atMs, true]);
  }
});

it("looks through all of the time in each run where little comes, and through little where much does", () => {
  const lookBack = new LookBack(START);
  const lengths: number[] = [];
  const run = (nowMs: number, rowsAMs: number) => {
    const part = lookBack.next(nowMs);
    lookBack.done(part, nowMs, (part.toMs - part.fromMs) * rowsAMs);
    lengths.push(part.toMs - part.fromMs);
  };
  let nowMs = START;
  for (let index = 0; index < 20; index += 1) run((nowMs += 500), 0.01);
  expect(lengths.at(-1)).toBeGreaterThan(85_000);
  for (let index = 0; index < 60; index += 1) run((nowMs += 500), 50);
  expect(lengths.slice(-20).every((length) => length >= 1_000 && length <= 6_000)).toBe(true);
});
