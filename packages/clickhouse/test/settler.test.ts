import { ATTRIBUTION_KEYS, UNKNOWN_USAGE } from "@spancost/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CallRow, Settler, type Store } from "../src/index.ts";
import { callRow } from "./rows.ts";
import { startTestStore, type TestStore } from "./test-store.ts";

let test: TestStore;
let store: Store;
let settler: Settler;

beforeAll(async () => {
  test = await startTestStore();
  store = test.store;
  settler = new Settler({ client: store.client, marks: test.marks }, ATTRIBUTION_KEYS);
});

afterAll(() => test.stop());

const START = 1_780_000_000_000_000_000n;
const MS = 1_000_000n;

function call(trace: string, span: string, atMs: bigint, output: number, changes: Partial<CallRow> = {}): CallRow {
  return callRow({
    traceId: Buffer.from(trace.repeat(16), "hex"),
    spanId: Buffer.from(span.repeat(8), "hex"),
    hourUnix: 1_779_998_400,
    startTimeUnixNano: START + atMs * MS,
    durationNano: 100n * MS,
    responseId: "",
    usage: { ...UNKNOWN_USAGE, input: 100, output },
    ...changes,
  });
}

async function counted(): Promise<string[]> {
  const result = await store.client.query({
    query: "SELECT span_id FROM spancost.calls ORDER BY span_id",
    format: "JSONEachRow",
  });
  return (await result.json<{ span_id: string }>()).map(({ span_id }) => span_id.slice(0, 2));
}

async function countCalls(): Promise<number> {
  const result = await store.client.query({ query: "SELECT count() AS n FROM spancost.calls", format: "JSONEachRow" });
  return Number((await result.json<{ n: string }>())[0]?.n);
}

describe("the settler", () => {
  it("comes to the same answer when the spans of two tracers arrive in different runs", async () => {
    const langchain = { scopeName: "langchain" };
    await store.insert({ spans: [], calls: [call("01", "a1", 10n, 20)] });
    await settler.run();
    await store.insert({
      spans: [],
      calls: [
        call("02", "b1", 9n, 20, { ...langchain, durationNano: 102n * MS }),
        call("02", "b2", 209n, 30, { ...langchain, durationNano: 102n * MS }),
      ],
    });
    await settler.run();
    expect(await counted()).toHaveLength(2);
    await store.insert({ spans: [], calls: [call("03", "a2", 210n, 30)] });
    await settler.run();
    expect(await counted()).toHaveLength(2);
    // Nothing is left to change, also for a new process.
    expect(await settler.run()).toMatchObject({ changed: 0 });
    expect(await new Settler({ client: store.client, marks: test.marks }, ATTRIBUTION_KEYS).run()).toMatchObject({
      changed: 0,
    });
    expect(await counted()).toHaveLength(2);
  });

  it("settles a thousand calls that look alike, with a second producer among them", async () => {
    const many = Array.from({ length: 1_000 }, (_, index) => {
      const id = (index + 4096).toString(16).padStart(4, "0");
      return call("04", "c1", BigInt(index % 50), 40, {
        traceId: Buffer.from(id.repeat(8), "hex"),
        spanId: Buffer.from(id.repeat(4), "hex"),
        service: "busy",
      });
    });
    const other = call("05", "ff", 0n, 40, { scopeName: "langchain", service: "busy", durationNano: 16_000n * MS });
    await store.insert({ spans: [], calls: [...many, other] });
    await settler.run();
    const result = await store.client.query({
      query: "SELECT count() AS n FROM spancost.calls WHERE service = 'busy'",
      format: "JSONEachRow",
    });
    expect(await result.json()).toEqual([{ n: "1001" }]);
  });

  it("lets the same one count of a span's contents under one key, in whichever order they came, and keeps the other", async () => {
    await store.client.command({ query: "SYSTEM STOP MERGES spancost.llm_calls" });
    const key = (span: string, output: number, changes: Partial<CallRow> = {}) =>
      call("06", span, 0n, output, { service: "conflicting", ...changes });
    await test.ingest([key("d1", 40), key("d2", 41), key("d3", 40), key("d4", 40)]);
    // Other prices of the same contents are no conflict, and the first delivery again is none either.
    await test.ingest([key("d1", 41), key("d2", 40), key("d3", 40, { costPicoUsd: 7n, rateVersion: "next" })]);
    await test.ingest([key("d4", 40)]);
    expect(await settler.run()).toMatchObject({ conflicts: 2 });
    const select = async (query: string) =>
      (await store.client.query({ query, format: "JSONCompactEachRow" })).json<string[]>();
    const figures = await select(
      "SELECT output_tokens FROM spancost.calls WHERE service = 'conflicting' ORDER BY span_id LIMIT 2",
    );
    expect(figures[0]).toEqual(figures[1]);
    const history = `SELECT substring(span_id, 1, 2), version, replaced_by FROM spancost.calls_history WHERE startsWith(trace_id, '0606') ORDER BY ALL`;
    const expected = [
      ["d1", "0", "conflict"],
      ["d1", "1", ""],
      ["d2", "0", "conflict"],
      ["d2", "1", ""],
      ["d3", "0", ""],
      ["d4", "0", ""],
    ];
    expect(await select(history)).toEqual(expected);
    await test.ingest([key("d1", 42), key("d2", 42)]);
    expect(await settler.run()).toMatchObject({ conflicts: 0 });
    await store.client.command({ query: "SYSTEM START MERGES spancost.llm_calls" });
    expect(await select(history)).toEqual(expected);
  });

  it("settles the others beside a call whose end is in another century", async () => {
    const forever = 2n ** 62n;
    await store.insert({
      spans: [],
      calls: [
        call("0a", "e1", 900_000n, 70, { durationNano: forever }),
        call("0b", "e2", 900_010n, 71, { scopeName: "langchain", durationNano: 2n ** 64n - 1n }),
        call("0c", "e3", 900_020n, 72),
        call("0d", "e4", 900_019n, 72, { scopeName: "langchain", durationNano: 102n * MS }),
      ],
    });
    await settler.run();
    const last = (await counted()).filter((span) => span.startsWith("e"));
    expect(last).toEqual(["e1", "e2", last[2]]);
  });

  it("goes on from where it came to when more arrived than one run looks at", async () => {
    const twice = [
      call("a1", "e1", 5_000n, 77),
      call("a2", "e2", 4_999n, 77, { scopeName: "langchain", durationNano: 102n * MS }),
    ];
    await store.insert({ spans: [], calls: twice });
    const before = await countCalls();
    // As if a million calls that say everything had come a minute ago, and those two after them.
    await store.client.command({
      query: `INSERT INTO spancost.llm_calls (tenant_id, hour, trace_id, span_id, started_at, service, own_tenant_id, own_user_id, own_feature, own_task, ingested_at)
SELECT 'many', toStartOfHour(now()), sipHash128(number), reinterpretAsFixedString(number), now(), 'many', 'many', 'user', 'feature', 'task', now64(3) - 60 FROM numbers(1000001)`,
    });
    const traces = twice.map(({ traceId }) => `unhex('${Buffer.from(traceId).toString("hex")}')`).join(", ");
    await store.client.command({
      query: `ALTER TABLE spancost.llm_calls UPDATE ingested_at = now64(3) - 40 WHERE trace_id IN (${traces}) SETTINGS mutations_sync = 1`,
    });
    const late = new Settler({ client: store.client, marks: test.marks }, ATTRIBUTION_KEYS);
    expect(await late.run()).toMatchObject({ isBehind: true, changed: 0 });
    expect(await late.run()).toMatchObject({ isBehind: false, changed: 1 });
    expect(await countCalls()).toBe(before + 1_000_000);
  }, 60_000);
});
