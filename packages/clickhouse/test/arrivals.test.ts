import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Arrivals, ArrivalLog } from "../src/maintenance/arrivals.ts";
import { createRandom } from "./random.ts";
import { startTestStore, type TestStore } from "./test-store.ts";

let test: TestStore;

beforeAll(async () => {
  test = await startTestStore();
});

afterAll(() => test.stop());

const NOW = 1_780_000_000_000;
const INSERT_LATENCY_MS = 90_000;
let calls = 0;

const toTime = (ms: number) => `fromUnixTimestamp64Milli(${ms})`;

/** Stores calls that are stamped with a time: new ones, or those from a number on once more. */
async function insert(stampMs: number, count: number, from = calls): Promise<void> {
  await test.store.client.command({
    query: `INSERT INTO spancost.llm_calls (tenant_id, hour, trace_id, span_id, ingested_at)
SELECT 'acme', toDateTime('2026-05-28 20:00:00', 'UTC'), reinterpretAsFixedString(toUInt128(number)), reinterpretAsFixedString(number), ${toTime(stampMs)} FROM numbers(${from}, ${count})`,
  });
  calls = Math.max(calls, from + count);
}

async function insertSpans(stampMs: number): Promise<void> {
  await test.store.client.command({
    query: `INSERT INTO spancost.otel_traces (Timestamp, TraceId, SpanId, IngestedAt) VALUES ('2026-05-28 21:00:00', 'a', 'b', ${toTime(stampMs)})`,
    clickhouse_settings: { insert_allow_materialized_columns: 1 },
  });
}

/** Whether a run looks at the calls of a stamp. */
function looksAt({ calls: ranges }: Arrivals, ms: number): boolean {
  return ranges.some(({ firstMs, lastMs }) => firstMs <= ms && ms <= lastMs);
}

/** Knows all that is stored so far. */
async function startLog(nowMs: number, maxRows?: number): Promise<ArrivalLog> {
  const log = new ArrivalLog(test.store.client, 0, maxRows);
  for (let isBehind = true; isBehind;) {
    const arrivals = await log.next(nowMs);
    log.done(arrivals);
    ({ isBehind } = arrivals);
  }
  return log;
}

describe("arrivals", () => {
  it("are what came since, also with an earlier stamp or the same one", async () => {
    const log = await startLog(NOW);
    expect(await log.next(NOW)).toMatchObject({ rows: 0, calls: [], spans: [], isBehind: false });
    await insert(NOW, 3);
    await insertSpans(NOW + 5);
    const first = await log.next(NOW + 100);
    expect(first).toMatchObject({
      rows: 4,
      calls: [{ firstMs: NOW, lastMs: NOW }],
      spans: [{ firstMs: NOW + 5, lastMs: NOW + 5 }],
      fromUnix: Date.UTC(2026, 4, 28, 20) / 1_000,
      toUnix: Date.UTC(2026, 4, 28, 21) / 1_000,
    });
    // These again, until they are done.
    expect(await log.next(NOW + 200)).toMatchObject({ rows: 4 });
    log.done(first);
    expect(await log.next(NOW + 300)).toMatchObject({ rows: 0 });
    await insert(NOW, 1);
    await insert(NOW - INSERT_LATENCY_MS + 301, 1);
    const second = await log.next(NOW + 300);
    expect(second).toMatchObject({ rows: 5, isBehind: false });
    log.done(second);
    expect(await log.next(NOW + 400)).toMatchObject({ rows: 0 });
  });

  it("are in as few ranges as leave out what was looked at", async () => {
    const at = NOW + 1_000_000;
    await insert(at + 20, 1);
    const log = await startLog(at + 100);
    for (const ms of [0, 10, 30, 31]) await insert(at + ms, 1);
    expect((await log.next(at + 100)).calls).toEqual([
      { firstMs: at, lastMs: at + 10 },
      { firstMs: at + 30, lastMs: at + 31 },
    ]);
  });

  it("are neither what a merge took away nor what maintenance wrote", async () => {
    const at = NOW + 2_000_000;
    const from = calls;
    await insert(at, 10);
    const log = await startLog(at);
    await insert(at + 50, 2, from);
    log.done(await log.next(at + 60));
    await test.store.client.command({
      query: `INSERT INTO spancost.llm_calls SELECT * REPLACE (1 AS version) FROM spancost.llm_calls WHERE ingested_at = ${toTime(at + 50)}`,
    });
    await test.store.client.command({ query: "OPTIMIZE TABLE spancost.llm_calls FINAL" });
    const merged = await log.next(at + 100);
    expect(merged).toMatchObject({ rows: 0 });
    log.done(merged);
    // As many as the merge took away.
    await insert(at, 2);
    expect(await log.next(at + 100)).toMatchObject({ rows: 10 });
  });

  it("come in parts, the oldest first, where there are many", async () => {
    const at = NOW + 3_000_000;
    const log = await startLog(at, 100);
    await insert(at + 1, 60);
    await insert(at + 2, 60);
    await insert(at + 3, 101);
    await insert(at + 4, 1);
    const seen: [rows: number, isBehind: boolean, knownUntilMs: number][] = [];
    for (const laterMs of [100_000, 200_000, 300_000, 400_000]) {
      const arrivals = await log.next(at + laterMs);
      seen.push([arrivals.rows, arrivals.isBehind, arrivals.knownUntilMs - at]);
      log.done(arrivals);
    }
    expect(seen).toEqual([
      [60, true, 2],
      [60, true, 3],
      [101, true, 4],
      [1, false, 400_000 - INSERT_LATENCY_MS],
    ]);
  });

  it("are found after the clock was set back", async () => {
    const at = NOW + 9_000_000;
    const log = await startLog(at);
    const back = at - 500_000;
    await insert(back, 1);
    const arrivals = await log.next(back);
    expect(looksAt(arrivals, back)).toBe(true);
    log.done(arrivals);
    // What is stamped with the time to come stays known.
    await insert(at + 10, 1);
    log.done(await log.next(back + 10));
    expect(await log.next(back + 20)).toMatchObject({ rows: 0 });
  });

  it("are each looked at, once, whatever the order in which they become visible", async () => {
    const random = createRandom(5);
    let nowMs = NOW + 20_000_000;
    const log = await startLog(nowMs);
    const looks = new Map<number, number>();
    for (let step = 0; step < 150; step += 1) {
      nowMs += 10 + random.below(2_000);
      for (let inserts = random.below(3); inserts > 0; inserts -= 1) {
        // Some as late as can be.
        const stampMs = nowMs - random.below(random.below(4) === 0 ? INSERT_LATENCY_MS : 2_000);
        await insert(stampMs, 1);
        looks.set(stampMs, 0);
      }
      if (random.below(3) === 0) continue;
      const arrivals = await log.next(nowMs);
      // A run that fails has all of it again.
      if (random.below(5) === 0) continue;
      for (const [ms, count] of looks) looks.set(ms, count + Number(looksAt(arrivals, ms)));
      log.done(arrivals);
    }
    const last = await log.next(nowMs);
    const counts = [...looks].map(([ms, count]) => count + Number(looksAt(last, ms)));
    expect(counts.length).toBeGreaterThan(100);
    expect(counts.filter((count) => count !== 1)).toEqual([]);
  });
});
