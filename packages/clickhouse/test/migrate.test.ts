import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HourMarks, migrate, Sealer, type Store } from "../src/index.ts";
import { readDifferences, readSpend } from "./exact-spend.ts";
import { callRow } from "./rows.ts";
import { startTestStore, type TestStore } from "./test-store.ts";

let test: TestStore;
let store: Store;

beforeAll(async () => {
  test = await startTestStore();
  store = test.store;
});

afterAll(() => test.stop());

describe("the migration to the roll-up", () => {
  it("finds the calls that were there before, and seals them later", async () => {
    const undone = [
      "DROP VIEW spancost.spend",
      "DROP TABLE spancost.hour_marks",
      "DROP TABLE spancost.spend_hourly",
      "DROP TABLE spancost.maintenance_lease",
      "ALTER TABLE spancost.schema_migrations DELETE WHERE number IN (2, 5) SETTINGS mutations_sync = 2",
    ];
    for (const query of undone) await store.client.command({ query });
    await store.insert({ spans: [], calls: [callRow(), callRow({ tenantId: "globex" })] });
    expect(await migrate(store.client)).toEqual([2, 5]);
    expect(await readSpend(store.client)).toHaveLength(2);
    expect(await readDifferences(store.client)).toEqual([]);
    const sealer = new Sealer(store.client, new HourMarks(store.client), { graceMs: 0 });
    expect(await sealer.run()).toEqual({ sealed: 2, pending: 2 });
    expect(await readDifferences(store.client)).toEqual([]);
  });
});
