import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { migrate, startEmbeddedEngine, type Store } from "../src/index.ts";
import { callRow, spanRow } from "./rows.ts";
import { startTestStore, type TestStore } from "./test-store.ts";

let test: TestStore;
let store: Store;

beforeAll(async () => {
  test = await startTestStore();
  store = test.store;
});

afterAll(() => test.stop());

async function rows(query: string): Promise<Record<string, unknown>[]> {
  const result = await store.client.query({ query, format: "JSONEachRow" });
  return result.json<Record<string, unknown>>();
}

describe("the store on the embedded engine", () => {
  it("answers the client's ping", async () => {
    expect(await store.isReady()).toBe(true);
  });

  it("runs every migration once", async () => {
    expect(await migrate(store.client)).toEqual([]);
  });

  it("keeps a call exactly as it was written", async () => {
    await test.ingest([callRow()]);
    const [call] = await rows("SELECT * FROM spancost.calls WHERE tenant_id = 'acme'");
    expect(call).toMatchObject({
      tenant_id: "acme",
      user_id: "ünï 'quoted' \\ \n\n user",
      trace_id: "ab".repeat(16),
      span_id: "cd".repeat(8),
      started_at: "2026-05-28 20:26:40.123456789",
      duration_ms: 1500,
      input_tokens: "1000",
      cache_write_tokens: null,
      reasoning_tokens: "0",
      audio_seconds: "12.5",
      cost: "0.00025",
      list_cost: "0.00026",
      cost_status: "priced",
      labels: { plan: "pro" },
    });
  });

  it("counts a redelivered call once, in calls and in spend, however it is batched", async () => {
    const calls = ["01", "02", "03"].map((id) =>
      callRow({ tenantId: "again", spanId: Buffer.from(id.repeat(8), "hex") }),
    );
    await test.ingest(calls);
    await test.ingest(calls.slice(1));
    await test.ingest(calls.toReversed());
    expect(await rows("SELECT count() AS n, sum(cost) AS cost FROM spancost.calls WHERE tenant_id = 'again'")).toEqual([
      { n: "3", cost: "0.00075" },
    ]);
    expect(
      await rows("SELECT sum(calls) AS n, sum(cost) AS cost FROM spancost.spend WHERE tenant_id = 'again'"),
    ).toEqual([{ n: "3", cost: "0.00075" }]);
  });

  it("keeps unknown apart from zero", async () => {
    await test.ingest([
      callRow({ tenantId: "unknown", costPicoUsd: null, listCostPicoUsd: null, costStatus: "unknown_usage" }),
    ]);
    expect(await rows("SELECT cost, cost_status FROM spancost.calls WHERE tenant_id = 'unknown'")).toEqual([
      { cost: null, cost_status: "unknown_usage" },
    ]);
    expect(await rows("SELECT calls, unknown_calls FROM spancost.spend WHERE tenant_id = 'unknown'")).toEqual([
      { calls: "1", unknown_calls: "1" },
    ]);
  });

  it("keeps a span with its events and links in the columns of the Collector's exporter", async () => {
    await store.insert({ spans: [spanRow()], calls: [] });
    const [span] = await rows("SELECT * FROM spancost.otel_traces");
    expect(span).toMatchObject({
      TraceId: "ab".repeat(16),
      SpanKind: "Client",
      SpanAttributes: { "gen_ai.request.model": "gpt-5-mini", empty: "" },
      "Events.Name": ["exception"],
      "Events.Attributes": [{ "exception.type": "E" }],
      "Links.SpanId": ["01".repeat(8)],
    });
  });

  it("adds up more money than a 64-bit count of picodollars can hold", async () => {
    const calls = ["0a", "0b"].map((id) =>
      callRow({
        tenantId: "rich",
        spanId: Buffer.from(id.repeat(8), "hex"),
        costPicoUsd: 9_000_000_000_000_000_001n * 10n,
      }),
    );
    await test.ingest(calls);
    expect(await rows("SELECT sum(cost) AS cost FROM spancost.spend WHERE tenant_id = 'rich'")).toEqual([
      { cost: "180000000.00000000002" },
    ]);
  });

  it("refuses a second engine on the same folder and says who has it", async () => {
    await expect(startEmbeddedEngine({ dataDir: test.dataDir })).rejects.toMatchObject({
      code: "folder-in-use",
      message: expect.stringContaining(`in use by process ${process.pid}`),
    });
  }, 20_000);
});
