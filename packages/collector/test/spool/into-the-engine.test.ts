import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import {
  createStore,
  type EmbeddedEngine,
  HourMarks,
  migrate,
  startEmbeddedEngine,
  type Store,
} from "@spancost/clickhouse";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { Ingest, Inserter, Spool } from "../../src/index.ts";
import { jsonOf, pipelineOptions, protobufOf, requestOf, type TestSpan } from "../ingest/export-bodies.ts";
import { createTestLogger, listFiles, TestFolders } from "./spool-folder.ts";

const folders = new TestFolders();
const LONG_MS = 20_000;
const DAY_MS = 86_400_000;
const CALLS = "SELECT count() AS n, uniqExact(span_id) AS ids, toString(sum(cost)) AS cost FROM spancost.calls";

let dataDir: string;
let engine: EmbeddedEngine;
let store: Store;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "spancost-test-"));
  engine = await startEmbeddedEngine({ dataDir });
  store = createStore({ socketPath: engine.socketPath });
  await migrate(store.client);
});

afterEach(async () => {
  for (const table of ["llm_calls", "otel_traces"])
    await store.client.command({ query: `TRUNCATE TABLE spancost.${table}` });
  folders.clear();
});

afterAll(async () => {
  await store.close();
  await engine.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

async function select<Row>(query: string): Promise<Row[]> {
  return (await store.client.query({ query, format: "JSONEachRow" })).json<Row>();
}

async function open(folder = folders.create()) {
  const spool = await Spool.open({ folder, maxBytes: 1e9 });
  const logger = createTestLogger();
  const ingest = new Ingest({ ...pipelineOptions(), spool, logger });
  const marks = new HourMarks(store.client, { freshMs: Infinity });
  const times = { minIntervalMs: 0, backoff: { firstMs: 5, maxMs: 50 } };
  const inserter = new Inserter({ spool, target: store, marks, logger, ...times });
  const post = async (...spans: TestSpan[]) => {
    expect(await ingest.accept(requestOf(protobufOf(spans)))).toMatchObject({ ok: true, rejectedSpans: 0 });
  };
  return { folder, spool, logger, ingest, inserter, post };
}

const waitUntil = (isTrue: () => boolean) => vi.waitUntil(isTrue, { timeout: LONG_MS, interval: 5 });

describe("segments in the engine", () => {
  it("become one part a table and partition, however many they are, with their hours marked before", async () => {
    const { spool, inserter, post } = await open();
    for (let id = 1; id <= 60; id += 1) await post({ id: id * 2, tenant: "parts" }, { id: id * 2 + 1, isCall: false });
    inserter.start();
    await inserter.stop(LONG_MS);
    expect([spool.waitingSegments, spool.usedBytes]).toEqual([0, 0]);
    expect(await select(CALLS)).toEqual([{ n: "60", ids: "60", cost: "0.027" }]);
    const parts = await select(
      "SELECT table, count() AS n FROM system.parts WHERE active AND table IN ('llm_calls', 'otel_traces') GROUP BY table, partition ORDER BY table",
    );
    expect(parts).toEqual([
      { table: "llm_calls", n: "1" },
      { table: "otel_traces", n: "1" },
    ]);
    const spend =
      "SELECT sum(calls) AS calls, toString(sum(cost)) AS cost FROM spancost.spend WHERE tenant_id = 'parts'";
    expect(await select(spend)).toEqual([{ calls: "60", cost: "0.027" }]);
  });

  it("have every column, though blocks leave out what the database knows", async () => {
    const { ingest, inserter, post } = await open();
    const span = { tenant: "acme", startMs: Date.now() };
    await post({ ...span, id: 1 });
    await ingest.accept(requestOf(jsonOf([{ ...span, id: 2 }]), "json"));
    inserter.start();
    await inserter.stop(LONG_MS);
    const calls = await select<Record<string, unknown>>(
      "SELECT * EXCEPT (trace_id, span_id, ingested_at) FROM spancost.llm_calls ORDER BY span_id",
    );
    expect(calls[0]).toEqual(calls[1]);
    const unknown = { audio_input_tokens: null, video_seconds: null, images: null };
    expect(calls[0]).toMatchObject({
      tenant_id: "acme",
      own_tenant_id: "acme",
      own_user_id: "",
      version: "0",
      ...unknown,
    });
    const spans = await select<Record<string, unknown>>(
      "SELECT * EXCEPT (TraceId, SpanId) FROM spancost.otel_traces ORDER BY SpanId",
    );
    expect(spans[0]).toEqual(spans[1]);
    expect(spans[0]).toMatchObject({ ResourceAttributes: { "service.name": "shop" } });
  });

  it("of many days and weeks go in as well", async () => {
    const { inserter, post } = await open();
    const now = Date.now();
    await post(...Array.from({ length: 25 }, (_, day) => ({ id: day + 1, startMs: now - day * DAY_MS })));
    inserter.start();
    await inserter.stop(LONG_MS);
    expect(await select(CALLS)).toEqual([{ n: "25", ids: "25", cost: "0.01125" }]);
    expect(await select("SELECT count() AS n FROM spancost.otel_traces")).toEqual([{ n: "25" }]);
  });

  it("count once when a crash makes them come again, wherever it was", async () => {
    const first = await open();
    for (let id = 1; id <= 10; id += 1) await first.post({ id });
    const beforeInsert = folders.copy(first.folder);
    first.inserter.start();
    await first.inserter.stop(LONG_MS);
    const second = await open(beforeInsert);
    expect(second.spool.waitingSegments).toBe(10);
    await second.post({ id: 11 }, { id: 3 });
    second.inserter.start();
    await second.inserter.stop(LONG_MS);
    expect(await select(CALLS)).toEqual([{ n: "11", ids: "11", cost: "0.00495" }]);
    await second.spool.close();
    expect(listFiles(beforeInsert)).toEqual([]);
  });

  it("wait while a table refuses them, and lose and double nothing", async () => {
    const { spool, inserter, logger, post } = await open();
    await store.client.command({ query: "RENAME TABLE spancost.llm_calls TO spancost.hidden" });
    inserter.start();
    for (let id = 1; id <= 8; id += 1) await post({ id });
    await waitUntil(() => (inserter.counters.failures.get("unknown_table") ?? 0) > 4);
    expect(spool.waitingSegments).toBe(8);
    await store.client.command({ query: "RENAME TABLE spancost.hidden TO spancost.llm_calls" });
    await waitUntil(() => spool.waitingSegments === 0);
    await inserter.stop(LONG_MS);
    expect(await select(CALLS)).toEqual([{ n: "8", ids: "8", cost: "0.0036" }]);
    expect([spool.refusedSegments, logger.lines.length]).toEqual([0, 2]);
  });

  it("survive the engine's death in the middle of inserting", async () => {
    const { spool, inserter, post } = await open();
    inserter.start();
    for (let id = 1; id <= 120; id += 1) {
      await post({ id });
      if (id % 40 === 0 && engine.pid !== null) process.kill(engine.pid, "SIGKILL");
    }
    await waitUntil(() => spool.waitingSegments === 0);
    await inserter.stop(LONG_MS);
    expect(await select(CALLS)).toEqual([{ n: "120", ids: "120", cost: "0.054" }]);
    expect(spool.refusedSegments).toBe(0);
  });

  it("that the engine cannot read do not hold up the others", async () => {
    const { folder, post } = await open();
    for (let id = 1; id <= 30; id += 1) await post({ id });
    // A file of our own making that is wrong from the beginning has the checksum that it was written with.
    const victim = listFiles(folder).find((name) => name.includes("-0000000011.llm_calls")) ?? "?";
    const bytes = readFileSync(join(folder, victim)).fill(0xff, 8, 40);
    const renamed = victim.replace(/\.[0-9a-f]{8}\.native$/, `.${crc32(bytes).toString(16).padStart(8, "0")}.native`);
    rmSync(join(folder, victim));
    writeFileSync(join(folder, renamed), bytes);
    const manifest = listFiles(folder).find((name) => /-0000000011\..*\.json$/.test(name)) ?? "?";
    const text = readFileSync(join(folder, manifest), "utf8");
    const oldCrc = String(Number.parseInt(/\.([0-9a-f]{8})\.native$/.exec(victim)?.[1] ?? "", 16));
    writeFileSync(join(folder, manifest), text.replace(oldCrc, String(crc32(bytes))));
    const next = await open(folder);
    next.inserter.start();
    await waitUntil(() => next.spool.waitingSegments === 0);
    await next.inserter.stop(LONG_MS);
    expect(await select(CALLS)).toEqual([{ n: "29", ids: "29", cost: "0.01305" }]);
    expect(next.spool.refusedSegments).toBe(1);
    expect(next.logger.lines).toEqual([
      expect.stringMatching(/^error: a segment cannot be inserted and was set aside/),
    ]);
  });

  it("in a folder whose name the engine would take for a pattern go in over the socket", async () => {
    const { inserter, post } = await open(join(folders.create(), "a {b,c} [d]*"));
    await post({ id: 1 });
    await post({ id: 2 });
    inserter.start();
    await inserter.stop(LONG_MS);
    expect(await select(CALLS)).toEqual([{ n: "2", ids: "2", cost: "0.0009" }]);
  });

  it("whose file vanished are set aside: the engine itself would take the others for all", async () => {
    const { folder, post } = await open();
    for (let id = 1; id <= 3; id += 1) await post({ id });
    rmSync(join(folder, listFiles(folder).find((name) => name.includes("-0000000002.llm_calls")) ?? "?"));
    const next = await open(folder);
    next.inserter.start();
    await next.inserter.stop(LONG_MS);
    expect(await select(CALLS)).toEqual([{ n: "2", ids: "2", cost: "0.0009" }]);
    expect([next.spool.refusedSegments, next.inserter.counters.failures.get("damaged")]).toEqual([1, 1]);
  });
});
