import { ATTRIBUTION_KEYS } from "@spancost/core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type CallRow, Settler } from "../src/index.ts";
import { callRow } from "./rows.ts";
import { startTestStore, type TestStore } from "./test-store.ts";

let test: TestStore;

beforeAll(async () => {
  test = await startTestStore();
});

afterAll(() => test.stop());

beforeEach(async () => {
  for (const table of ["llm_calls", "maintenance_state"]) await run(`TRUNCATE TABLE spancost.${table}`);
});

const HOUR_UNIX = 1_779_998_400;

async function run(query: string): Promise<void> {
  await test.store.client.command({ query });
}

/** A call seen by two producers, which have it in one trace: one of them is to count. */
function seenTwice(trace: string): CallRow[] {
  return ["a", "b"].map((producer) =>
    callRow({
      traceId: Buffer.from(trace.repeat(16), "hex"),
      spanId: Buffer.from(`${producer}0`.repeat(8), "hex"),
      hourUnix: HOUR_UNIX,
      startTimeUnixNano: BigInt(HOUR_UNIX) * 1_000_000_000n,
      durationNano: 1_000_000n,
      scopeName: producer,
      responseId: `response of ${trace}`,
    }),
  );
}

/** Settlement can read then, but not write: the history, which comes first, is not there. */
async function whileNothingCanBeWritten(task: () => Promise<void>): Promise<void> {
  await run("RENAME TABLE spancost.llm_calls_history TO spancost.away");
  try {
    await task();
  } finally {
    await run("RENAME TABLE spancost.away TO spancost.llm_calls_history");
  }
}

async function isWatermarkWritten(): Promise<boolean> {
  const query = "SELECT count() AS n FROM spancost.maintenance_state WHERE name = 'settled_until'";
  const result = await test.store.client.query({ query, format: "JSONEachRow" });
  return (await result.json<{ n: string }>())[0]?.n !== "0";
}

function startSettler(maxFailing?: number): Settler {
  return new Settler({ client: test.store.client, marks: test.marks }, ATTRIBUTION_KEYS, maxFailing);
}

describe("traces that cannot be settled", () => {
  it("are left to the next process, which finds them behind the watermark", async () => {
    await test.ingest(seenTwice("01"));
    await whileNothingCanBeWritten(async () => {
      await expect(startSettler().run()).rejects.toThrow("llm_calls_history");
    });
    expect(await isWatermarkWritten()).toBe(false);
    expect(await startSettler().run()).toMatchObject({ changed: 1 });
    expect(await isWatermarkWritten()).toBe(true);
  });

  it("are looked at again with all that came when they are more than are remembered", async () => {
    await test.ingest(["01", "02", "03", "04"].flatMap(seenTwice));
    const settler = startSettler(2);
    await whileNothingCanBeWritten(async () => {
      await expect(settler.run()).rejects.toThrow("llm_calls_history");
    });
    expect(await settler.run()).toMatchObject({ changed: 4 });
  });
});
