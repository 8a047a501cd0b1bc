// What exact spend costs with the roll-up, against the ledger alone: `npm run bench -- clickhouse`, or with more rows
// `node packages/clickhouse/bench/spend.ts --rows 100000000` (about 130 bytes of disk a row, given back at the end; half an hour).
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { ClickHouseClient } from "@clickhouse/client";
import {
  createStore,
  HourMarks,
  migrate,
  querySpend,
  Sealer,
  startEmbeddedEngine,
  type Store,
} from "@spancost/clickhouse";
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

/** Tenants by their part of the calls. */
const TENANTS = [
  ["the largest tenant (10 %)", "tenant-0000"],
  ["a middling tenant (0.5 %)", "tenant-0030"],
  ["a small tenant (0.03 %)", "tenant-0500"],
] as const;

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
  await compareQuestions("any question: SELECT 1 / a ping", null, {
    ledger: () => client.ping(),
    spend: () => readRows(client, "SELECT 1"),
  });
  for (const [which, tenant] of TENANTS) {
    const report = (by: string[]) => async () =>
      (await querySpend(client, { by, tenant, from: new Date(`${MONTH_START}Z`), to: new Date(END_UNIX * 1_000) }))
        .total;
    // All calls have the same task, and only the ledger knows it.
    const reports = { ledger: report(["task"]), spend: report([]) };
    assert.deepEqual(await reports.spend(), await reports.ledger());
    await compareQuestions(`month to date of ${which}, report`, 0.4, reports);
    await compareSql(client, `month to date of ${which}, SQL`, 0.4, (source) => monthToDate(tenant, source));
  }
  await compareSql(client, "all tenants by day and feature, 30 days, SQL", 0.5, byDayAndFeature);
}

async function compareSql(
  client: ClickHouseClient,
  name: string,
  aim: number,
  ask: (source: string) => string,
): Promise<void> {
  const questions = {
    ledger: () => readRows(client, ask(LEDGER)),
    spend: () => readRows(client, ask("spancost.spend")),
  };
  assert.deepEqual(await questions.spend(), await questions.ledger());
  await compareQuestions(name, aim, questions);
}

async function compareQuestions(
  name: string,
  aim: number | null,
  { ledger, spend }: { ledger: () => Promise<unknown>; spend: () => Promise<unknown> },
): Promise<void> {
  await compare({
    name,
    baseline: ledger,
    candidate: spend,
    aim: aim ?? undefined,
    calls: 1,
    clock: "wall",
    pairs: 100,
  });
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
