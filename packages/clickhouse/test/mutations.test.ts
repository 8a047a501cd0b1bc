import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Store } from "../src/index.ts";
import { finishMutations, mutate } from "../src/maintenance/mutations.ts";
import { queryPartitions } from "../src/maintenance/partitions.ts";
import { selectRows } from "../src/select-rows.ts";
import { callRow } from "./rows.ts";
import { startTestStore, type TestStore } from "./test-store.ts";

let test: TestStore;
let store: Store;
let partition: string;

beforeAll(async () => {
  test = await startTestStore();
  store = test.store;
  await test.ingest(Array.from({ length: 1_000 }, (_, id) => callRow({ traceId: toTraceId(id), task: String(id) })));
  partition = (await queryPartitions(store.client, "llm_calls"))[0]?.id ?? "";
});

afterAll(() => test.stop());

function toTraceId(id: number): Buffer {
  return Buffer.from(id.toString(16).padStart(32, "0"), "hex");
}

const tasks = () =>
  selectRows(
    store.client,
    "SELECT task, count() AS calls FROM spancost.llm_calls GROUP BY task ORDER BY calls DESC LIMIT 1",
  );
const underWay = () =>
  selectRows(
    store.client,
    "SELECT table FROM system.mutations WHERE NOT is_done UNION ALL SELECT table FROM system.merges WHERE is_mutation",
  );
const update = (action: string, where = "true", signal?: AbortSignal) =>
  mutate(store.client, "llm_calls", [{ partition, action: `UPDATE ${action}`, where }], signal);

describe("changing stored rows", () => {
  it("is over when it says so", async () => {
    await update("task = 'first'", "task = '7' OR task = '8'");
    expect(await tasks()).toEqual([{ task: "first", calls: "2" }]);
    expect(await underWay()).toEqual([]);
  });

  it("that the database cannot do says why, and is ended before other maintenance", async () => {
    await expect(update("task = toString(throwIf(task = '9', 'nine is not to be'))")).rejects.toMatchObject({
      code: "query-failed",
      message: expect.stringContaining("nine is not to be"),
    });
    expect(await underWay()).not.toEqual([]);
    await finishMutations(store.client);
    expect(await underWay()).toEqual([]);
    await update("task = 'second'", "task IN ('1', '2', '3')");
    expect(await tasks()).toEqual([{ task: "second", calls: "3" }]);
  });

  it("that is told to end goes on in the database, and is waited for", async () => {
    const slow = update("task = concat('third', toString(sleepEachRow(0.002)))", "true", AbortSignal.timeout(100));
    await expect(slow).rejects.toThrow("timeout");
    expect(await underWay()).not.toEqual([]);
    await expect(finishMutations(store.client, AbortSignal.timeout(100))).rejects.toThrow("timeout");
    expect(await tasks()).toEqual([{ task: "second", calls: "3" }]);
    await finishMutations(store.client);
    expect(await underWay()).toEqual([]);
    expect(await tasks()).toEqual([{ task: "third0", calls: "1000" }]);
  });

  it("does nothing when it is told to end before", async () => {
    await expect(update("task = 'fifth'", "true", AbortSignal.abort(new Error("told to end")))).rejects.toThrow("told");
    expect(await underWay()).toEqual([]);
  });

  it("that somebody else ends is not done", async () => {
    const slow = update("task = concat('fourth', toString(sleepEachRow(0.001)))");
    const kill = async () => {
      while ((await underWay()).length === 0) await sleep(5);
      await store.client.command({ query: "KILL MUTATION WHERE database = 'spancost'" });
    };
    await Promise.all([kill(), expect(slow).rejects.toMatchObject({ code: "query-failed" })]);
  });
});
