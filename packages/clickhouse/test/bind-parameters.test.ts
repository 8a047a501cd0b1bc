import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Store } from "../src/index.ts";
import { startTestStore, type TestStore } from "./test-store.ts";

let test: TestStore;
let store: Store;

beforeAll(async () => {
  test = await startTestStore();
  store = test.store;
});

afterAll(() => test.stop());

async function select(query: string, query_params: Record<string, unknown>): Promise<unknown[]> {
  const result = await store.client.query({ query, query_params, format: "JSONCompactEachRow" });
  return (await result.json<unknown[]>())[0] ?? [];
}

describe("query parameters of the client", () => {
  it("come back as they were sent, whatever characters are in them", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary" }), fc.array(fc.string()), async (one, many) => {
        expect(await select("SELECT {one:String}, {many:Array(String)}", { one, many })).toEqual([one, many]);
      }),
      { numRuns: 60 },
    );
  });

  it("keep their types", async () => {
    const params = {
      n: 12,
      big: 18446744073709551615n,
      none: null,
      low: "a'b",
      at: new Date(Date.UTC(2026, 0, 2, 3, 4, 5)),
    };
    const query =
      "SELECT {n:UInt8} + 1, {big:UInt64}, {none:Nullable(String)}, {low:LowCardinality(String)}, {at:DateTime('UTC')}";
    expect(await select(query, params)).toEqual([13, "18446744073709551615", null, "a'b", "2026-01-02 03:04:05"]);
  });

  it("are not looked for inside texts and comments", async () => {
    expect(await select("SELECT '{a:String}', /* {b:String} */ {c:String} -- {d:String}", { c: "x" })).toEqual([
      "{a:String}",
      "x",
    ]);
  });

  it("that are missing are named", async () => {
    await expect(select("SELECT {missing:String}", {})).rejects.toThrow(/missing/);
  });

  it("of many queries at once stay apart", async () => {
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, n) => select("SELECT {n:UInt32}, {s:String}", { n, s: `s${n}` })),
    );
    expect(results).toEqual(Array.from({ length: 100 }, (_, n) => [n, `s${n}`]));
  });
});
