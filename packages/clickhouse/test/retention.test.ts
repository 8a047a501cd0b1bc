import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Retention, Sealer, type Store } from "../src/index.ts";
import { readDifferences } from "./exact-spend.ts";
import { callRow, spanRow } from "./rows.ts";
import { startTestStore, type TestStore } from "./test-store.ts";

let test: TestStore;
let store: Store;

/** A Monday, 00:00 UTC. */
const MONDAY_UNIX = Date.UTC(2026, 4, 25) / 1_000;
const DAY = 86_400;

beforeAll(async () => {
  test = await startTestStore();
  store = test.store;
});

afterAll(() => test.stop());

function callAt(unix: number, tenantId: string) {
  const hourUnix = Math.floor(unix / 3_600) * 3_600;
  return callRow({ tenantId, hourUnix, startTimeUnixNano: BigInt(unix) * 1_000_000_000n });
}

async function count(table: string): Promise<number> {
  const query = `SELECT count() AS n FROM spancost.${table}`;
  const [row] = await (await store.client.query({ query, format: "JSONEachRow" })).json<{ n: string }>();
  return Number(row?.n);
}

describe("retention", () => {
  it("drops weeks of the ledger and days of spans once their last moment is old enough; spend equals calls throughout", async () => {
    const calls = [
      callAt(MONDAY_UNIX, "first"),
      callAt(MONDAY_UNIX + 7 * DAY - 1, "last"),
      callAt(MONDAY_UNIX + 7 * DAY, "next"),
    ];
    await test.ingest(calls);
    await new Sealer(store.client, test.marks, { graceMs: 0 }).run();
    expect(await count("spend_hourly")).toBe(3);
    await store.insert({
      calls: [],
      spans: [0, 1].map((day) => spanRow({ startTimeUnixNano: BigInt(MONDAY_UNIX + day * DAY) * 1_000_000_000n })),
    });
    const clock = { unix: MONDAY_UNIX + 17 * DAY - 1 };
    const retention = new Retention(store.client, { ledger: 10, spans: 16, history: 0 }, () =>
      Promise.resolve(clock.unix * 1_000),
    );
    expect(await retention.run()).toEqual({ ledger: 0, spans: 0, history: 0 });
    clock.unix += 1;
    expect(await retention.run()).toEqual({ ledger: 2, spans: 1, history: 0 });
    expect([await count("calls"), await count("spend_hourly"), await count("otel_traces")]).toEqual([1, 1, 1]);
    expect(await readDifferences(store.client)).toEqual([]);
    // Late data for a week that went is data again, and goes with the next run.
    await test.ingest([callAt(MONDAY_UNIX, "late")]);
    expect(await readDifferences(store.client)).toEqual([]);
    await new Sealer(store.client, test.marks, { graceMs: 0 }).run();
    expect(await retention.run()).toMatchObject({ ledger: 1 });
    expect(await readDifferences(store.client)).toEqual([]);
    await new Sealer(store.client, test.marks, { graceMs: 0 }).run();
    expect([await count("calls"), await count("spend")]).toEqual([1, 1]);
  });

  it("keeps everything for ever where it is 0", async () => {
    const retention = new Retention(store.client, { ledger: 0, spans: 0, history: 0 }, () =>
      Promise.resolve(Date.UTC(2100, 0, 1)),
    );
    expect(await retention.run()).toEqual({ ledger: 0, spans: 0, history: 0 });
  });
});
