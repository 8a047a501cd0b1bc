import type { CallRow, SpanRow, Store } from "@spancost/clickhouse";
import { describe, expect, it } from "vitest";
import { GroupCommit, type RowBatch } from "../src/pipeline/group-commit.ts";

type Insert = Store["insert"];

function batch(name: string, rows = 1): RowBatch {
  // Only identity and number of rows matter here.
  return { spans: Array.from({ length: rows }, () => ({ name }) as SpanRow), calls: [] as CallRow[] };
}

/** A store whose inserts end when the test says so. */
function createStore() {
  const inserts: { names: string[]; finish: () => void; fail: (error: Error) => void }[] = [];
  const insert: Insert = ({ spans }) =>
    new Promise((resolve, reject) => {
      inserts.push({ names: spans.map(({ name }) => name), finish: resolve, fail: reject });
    });
  return { insert, inserts };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("group commit", () => {
  it("puts what arrives during an insert into the next one, and resolves each with its own", async () => {
    const store = createStore();
    const commit = new GroupCommit(store, 100);
    const done: string[] = [];
    const writes = ["a", "b", "c"].map(async (name) => {
      await commit.write(batch(name));
      done.push(name);
    });
    await turn();
    expect(store.inserts.map(({ names }) => names)).toEqual([["a"]]);
    store.inserts[0]?.finish();
    await turn();
    expect([done, store.inserts.map(({ names }) => names)]).toEqual([["a"], [["a"], ["b", "c"]]]);
    store.inserts[1]?.finish();
    await Promise.all(writes);
    expect(commit.waitingRows).toBe(0);
  });

  it("fails those whose insert failed, and goes on with the others", async () => {
    const store = createStore();
    const commit = new GroupCommit(store, 100);
    const first = commit.write(batch("a"));
    await turn();
    const second = commit.write(batch("b"));
    store.inserts[0]?.fail(new Error("away"));
    await expect(first).rejects.toThrow("away");
    await turn();
    store.inserts[1]?.finish();
    expect(await second).toBe(true);
  });

  it("tries those that shared a failed insert one by one", async () => {
    const store = createStore();
    const commit = new GroupCommit(store, 100);
    const first = commit.write(batch("a"));
    const bad = commit.write(batch("bad"));
    const good = commit.write(batch("good"));
    const failed = expect(bad).rejects.toThrow("cannot be stored");
    store.inserts[0]?.finish();
    await turn();
    store.inserts[1]?.fail(new Error("cannot be stored"));
    await turn();
    store.inserts[2]?.fail(new Error("cannot be stored"));
    await turn();
    store.inserts[3]?.finish();
    expect([await first, await good]).toEqual([true, true]);
    await failed;
  });

  it("refuses at once when too much is waiting", async () => {
    const store = createStore();
    const commit = new GroupCommit(store, 10);
    const first = commit.write(batch("a", 10));
    expect(await commit.write(batch("b"))).toBe(false);
    store.inserts[0]?.finish();
    expect(await first).toBe(true);
    await commit.drain();
  });
});
