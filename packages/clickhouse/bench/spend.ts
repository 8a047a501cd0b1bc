// What exact spend costs with the roll-up, against the ledger alone: `npm run bench -- clickhouse`, or with more rows
// `node packages/clickhouse/bench/spend.ts --rows 100000000` (about 130 bytes of disk a row, given back at the end).
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { ClickHouseClient } from "@clickhouse/client";
import { createStore, HourMarks, migrate, Sealer, startEmbeddedEngine, type Store } from "@spancost/clickhouse";
import { compare } from "../../../.config/bench/compare.ts";
import { END_UNIX, generateCalls } from "./generate-calls.ts";

const { values: flags } = parseArgs({
  options: { rows: { type: "string", default: "10000000" }, dir: { type: "string" }, json: { type: "boolean" } },
});
const rows = Number(flags.rows);
/** The hours that are not sealed: those that a running receiver writes to. */
const OPEN_HOURS = 2;
const MONTH_START = "2026-06-01 00:00:00";
const THIRTY_DAYS_AGO = "2026-05-30 00:00:00";

const LEDGER = "(SELECT * FROM spancost.llm_calls FINAL WHERE duplicate_of = '')";

const dataDir = flags.dir ?? mkdtempSync(join(tmpdir(), "spancost-bench-"));
try {
  await withStore(prepare);
  await measureStart();
  await withStore(measureQueries);
} finally {
  if (flags.dir === undefined) rmSync(dataDir, { recursive: true, force: true });
}

async function withStore(use: (store: Store) => Promise<void>): Promise<void> {
  const engine = await startEmbeddedEngine({ dataDir });
  const store = createStore({ socketPath: engine.socketPath });
  try {
    await migrate(store.client);
    await use(store);
  } finally {
    await store.close();
    await engine.stop();
  }
}

async function prepare({ client }: Store): Promise<void> {
  if ((await readCount(client, "SELECT count() FROM spancost.llm_calls")) > 0) return;
  await timed(`${rows} calls generated`, () => generateCalls(client, rows));
  await client.command({
    query: `INSERT INTO spancost.hour_marks SELECT tenant_id, hour, 2, 0 FROM (SELECT DISTINCT tenant_id, hour FROM spancost.llm_calls UNION ALL SELECT '', toDateTime(0, 'UTC'))`,
  });
  const marks = new HourMarks(client);
  const newest = await marks.begin(await readOpenHours(client));
  const sealer = new Sealer(client, marks, { graceMs: 0 });
  const { pending } = await timed("hours sealed", () => sealer.run());
  await sealer.cleanUp();
  newest.done();
  const left = await readCount(client, "SELECT count() FROM spancost.hour_marks FINAL WHERE hour > 0");
  const groups = await readCount(client, "SELECT count() FROM spancost.spend_hourly FINAL");
  say(`${pending} hours of a tenant, ${left} of them open; ${groups} rows in the roll-up`);
}

async function readOpenHours(client: ClickHouseClient): Promise<{ tenantId: string; hourUnix: number }[]> {
  const result = await client.query({
    query: `SELECT DISTINCT tenant_id, toUnixTimestamp(hour) FROM spancost.llm_calls WHERE hour > toDateTime(${END_UNIX - OPEN_HOURS * 3_600}, 'UTC')`,
    format: "JSONCompactEachRow",
  });
  return (await result.json<[string, number]>()).map(([tenantId, hourUnix]) => ({ tenantId, hourUnix }));
}

/** From starting the engine on the folder until the first answer. */
async function measureStart(): Promise<void> {
  const start = performance.now();
  await withStore(async ({ client }) => {
    await readRows(client, monthToDate("tenant-0030", "spancost.spend"));
    say(`started, migrated and answered the first question in ${Math.round(performance.now() - start)} ms`);
  });
}

function monthToDate(tenant: string, source: string): string {
  return `SELECT sum(cost) FROM ${source} WHERE tenant_id = '${tenant}' AND hour >= '${MONTH_START}'`;
}

function byDayAndFeature(source: string): string {
  return `SELECT toDate(hour) AS day, feature, sum(cost) FROM ${source} WHERE hour >= '${THIRTY_DAYS_AGO}' GROUP BY day, feature ORDER BY day, feature`;
}

async function measureQueries({ client }: Store): Promise<void> {
  const questions: [name: string, aim: number, ask: (source: string) => string][] = [
    ["month-to-date spend of the largest tenant", 0.4, (source) => monthToDate("tenant-0000", source)],
    ["month-to-date spend of a middling tenant", 0.4, (source) => monthToDate("tenant-0030", source)],
    ["all tenants by day and feature, 30 days", 0.5, byDayAndFeature],
  ];
  for (const [name, aim, ask] of questions) {
    assert.deepEqual(await readRows(client, ask("spancost.spend")), await readRows(client, ask(LEDGER)));
    await compare({
      name: `${name}: spend / ledger, ${rows} calls`,
      baseline: () => readRows(client, ask(LEDGER)),
      candidate: () => readRows(client, ask("spancost.spend")),
      aim,
      calls: 1,
      clock: "wall",
    });
  }
}

async function readRows(client: ClickHouseClient, query: string): Promise<unknown[]> {
  return (await client.query({ query, format: "JSONCompactEachRow" })).json();
}

async function readCount(client: ClickHouseClient, query: string): Promise<number> {
  const [row] = (await readRows(client, query)) as [string][];
  return Number(row?.[0] ?? 0);
}

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await work();
  say(`${what} in ${((performance.now() - start) / 1_000).toFixed(1)} s`);
  return result;
}

function say(text: string): void {
  console.log(text);
}
