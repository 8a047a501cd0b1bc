import type { ClickHouseClient } from "@clickhouse/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CallRow, type HourKey, HourMarks, querySpend, Sealer, type Store } from "../src/index.ts";
import { type Change, writeVersions } from "../src/maintenance/write-versions.ts";
import { readDifferences, readLedger, readSpend } from "./exact-spend.ts";
import { callRow } from "./rows.ts";
import { createRandom, type Random } from "./random.ts";
import { startTestStore, type TestStore } from "./test-store.ts";

let test: TestStore;
let store: Store;

beforeAll(async () => {
  test = await startTestStore();
  store = test.store;
});

afterAll(() => test.stop());

/** Two hours in two partitions of the ledger. */
const HOURS = [1_779_998_400, 1_779_998_400 + 14 * 86_400] as const;
const TENANTS = ["", "acme", "globex"] as const;
const GRACE_MS = 100;
const FRESH_MS = 30;

function call(id: number, changes: Partial<CallRow> & { hourUnix?: number } = {}): CallRow {
  const hourUnix = changes.hourUnix ?? HOURS[0];
  return callRow({
    traceId: Buffer.from(id.toString(16).padStart(32, "0"), "hex"),
    spanId: Buffer.from(id.toString(16).padStart(16, "0"), "hex"),
    startTimeUnixNano: BigInt(hourUnix) * 1_000_000_000n + BigInt(id),
    ...changes,
    hourUnix,
  });
}

function toKey({ tenantId, hourUnix }: HourKey): HourKey {
  return { tenantId, hourUnix };
}

async function ingest(marks: HourMarks, calls: readonly CallRow[]): Promise<void> {
  const inFlight = await marks.begin(calls.map(toKey));
  await store.insert({ spans: [], calls });
  inFlight.done();
}

async function select<Row>(query: string): Promise<Row[]> {
  return (await store.client.query({ query, format: "JSONEachRow" })).json<Row>();
}

/** A client of which everything fails after some commands, the last of them before or after it was carried out. */
function interruptAfter(client: ClickHouseClient, commands: number, carriedOut: boolean): ClickHouseClient {
  let left = commands;
  const command: ClickHouseClient["command"] = async (params) => {
    left -= 1;
    if (left > 0) return client.command(params);
    if (left === 0 && carriedOut) await client.command(params);
    throw new Error("interrupted");
  };
  return new Proxy(client, {
    get: (target, name) => (name === "command" ? command : Reflect.get(target, name).bind?.(target)),
  });
}

describe("the sealer", () => {
  it("leaves an hour to the ledger until nothing was marked in it for the grace, then to the roll-up", async () => {
    const clock = { ms: 0 };
    const now = () => clock.ms;
    const marks = new HourMarks(store.client, { freshMs: FRESH_MS, now });
    const sealer = new Sealer(store.client, marks, { graceMs: GRACE_MS, now });
    const seal = async (ms: number) => {
      clock.ms = ms;
      return (await sealer.run()).sealed;
    };
    await ingest(marks, [call(1, { tenantId: "grace" })]);
    expect(await seal(0)).toBe(0);
    expect(await seal(99)).toBe(0);
    await ingest(marks, [call(2, { tenantId: "grace" })]);
    expect([await seal(100), await seal(198)]).toEqual([0, 0]);
    expect(await seal(200)).toBe(1);
    expect(await seal(1_000)).toBe(0);
    expect(await readDifferences(store.client)).toEqual([]);
  });

  it("does not seal while rows are on their way, however long", async () => {
    const clock = { ms: 0 };
    const marks = new HourMarks(store.client);
    const sealer = new Sealer(store.client, marks, { graceMs: GRACE_MS, now: () => clock.ms });
    const rows = [call(3, { tenantId: "slow" })];
    const inFlight = await marks.begin(rows.map(toKey));
    await sealer.run();
    clock.ms = 1e9;
    expect(await sealer.run()).toMatchObject({ sealed: 0 });
    await store.insert({ spans: [], calls: rows });
    expect(await readDifferences(store.client)).toEqual([]);
    inFlight.done();
  });

  it("keeps the sequence when the marks of sealed hours are cleaned away", async () => {
    const marks = new HourMarks(store.client);
    const sealer = new Sealer(store.client, marks, { graceMs: 0 });
    const newest = async () => {
      const result = await store.client.query({
        query: "SELECT max(version) AS v FROM spancost.hour_marks",
        format: "JSONEachRow",
      });
      return Number((await result.json<{ v: string }>())[0]?.v);
    };
    await ingest(marks, [call(4, { tenantId: "cleaned" })]);
    const before = await newest();
    await sealer.run();
    await sealer.cleanUp();
    await ingest(marks, [call(5, { tenantId: "cleaned" })]);
    expect(await newest()).toBe(before + 2);
    expect(await readDifferences(store.client)).toEqual([]);
  });

  it.each([
    ["the mark's", 1],
    ["the roll-up's", 2],
  ])("is found out when a rule is broken: rows that are written before %s", async (_what, rule) => {
    const marks = new HourMarks(store.client);
    const sealer = new Sealer(store.client, marks, { graceMs: 0 });
    await ingest(marks, [call(6, { tenantId: `broken-${rule}` })]);
    await sealer.run();
    const rows = [call(7, { tenantId: `broken-${rule}` })];
    if (rule === 2) {
      // Another process whose rows take longer than the grace.
      const inFlight = await new HourMarks(store.client).begin(rows.map(toKey));
      await sealer.run();
      inFlight.done();
    }
    await store.insert({ spans: [], calls: rows });
    expect(await readDifferences(store.client)).not.toEqual([]);
    await marks.begin(rows.map(toKey));
    expect(await readDifferences(store.client)).toEqual([]);
  });
});

describe("spend equals calls, to the digit, for every reader at every moment", () => {
  it.each([
    ["seen once in the order of the view: ledger, marks, roll-up", 1, ["1"]],
    ["missed, were the roll-up read before the marks", 2, []],
  ])("an hour that is sealed after a reader began and before it reads the marks is %s", async (_what, order, seen) => {
    const marks = new HourMarks(store.client);
    await ingest(marks, [call(8, { tenantId: `order-${order}` })]);
    const [view] = await select<{ as_select: string }>(
      "SELECT as_select FROM system.tables WHERE database = 'spancost' AND name = 'spend'",
    );
    // The view itself, but for a reader who dwells before the marks.
    const later = view?.as_select.replaceAll(
      /FROM spancost\.hour_marks\s+FINAL\s+WHERE/g,
      `FROM (SELECT * FROM spancost.marks_${order}) WHERE (SELECT sleep(3)) = 0 AND`,
    );
    const [ledger = "", rollUp = ""] = later?.split("UNION ALL") ?? [];
    const branches = order === 1 ? [ledger, rollUp] : [rollUp, ledger];
    const create = (name: string, query: string) =>
      store.client.command({ query: `CREATE VIEW spancost.${name}_${order} AS ${query}` });
    await create("marks", "SELECT * FROM spancost.hour_marks FINAL");
    await create("later", branches.join(" UNION ALL "));
    const reading = select<{ calls: string }>(
      `SELECT calls FROM spancost.later_${order} WHERE tenant_id = 'order-${order}'`,
    );
    await new Promise((resolve) => setTimeout(resolve, 800));
    expect(await new Sealer(store.client, marks, { graceMs: 0 }).run()).not.toMatchObject({ sealed: 0 });
    expect((await reading).map(({ calls }) => calls)).toEqual(seen);
  });

  it.each([
    ["of one tenant", "report"],
    ["of all tenants", undefined],
  ])(
    "an hour that is sealed after a report %s began and before it reads the marks is seen once",
    async (_of, tenant) => {
      const marks = new HourMarks(store.client);
      await ingest(marks, [call(tenant === undefined ? 9 : 10, { tenantId: tenant ?? "report-all" })]);
      const [from, to] = [new Date(HOURS[0] * 1_000), new Date((HOURS[0] + 3_600) * 1_000)];
      const request = { by: ["tenant"], from, to, ...(tenant === undefined ? {} : { tenant }) };
      const expected = await querySpend(store.client, request);
      await store.client.command({
        query: "CREATE OR REPLACE VIEW spancost.marks_report AS SELECT * FROM spancost.hour_marks FINAL",
      });
      const reading = querySpend(dwellBeforeMarks(store.client), request);
      await new Promise((resolve) => setTimeout(resolve, 800));
      expect(await new Sealer(store.client, marks, { graceMs: 0 }).run()).not.toMatchObject({ sealed: 0 });
      expect(await reading).toEqual(expected);
      expect(await querySpend(store.client, request)).toEqual(expected);
    },
  );

  it.each([11, 12, 13])(
    "under schedule %i",
    async (seed) => {
      const random = createRandom(seed);
      await runSchedule(random, seed * 1_000);
    },
    120_000,
  );
});

/** A client whose queries dwell before they read the marks. */
function dwellBeforeMarks(client: ClickHouseClient): ClickHouseClient {
  const query = ((params: { query: string }) => {
    const dwelling = params.query.replace(
      "FROM spancost.hour_marks FINAL WHERE",
      "FROM (SELECT * FROM spancost.marks_report) WHERE (SELECT sleep(3)) = 0 AND",
    );
    expect(dwelling).not.toBe(params.query);
    return client.query({ ...params, query: dwelling });
  }) as ClickHouseClient["query"];
  return new Proxy(client, {
    get: (target, name) => (name === "query" ? query : Reflect.get(target, name).bind?.(target)),
  });
}

/** Ingest, maintenance, sealing and crashes in random order, each step against readers that never pause. */
async function runSchedule(random: Random, firstId: number): Promise<void> {
  const clock = { ms: 0 };
  const passing = { ms: 0 };
  const now = () => clock.ms;
  const create = () => {
    const marks = new HourMarks(store.client, { freshMs: FRESH_MS, now });
    return { marks, sealer: new Sealer(store.client, marks, { graceMs: GRACE_MS, now }) };
  };
  const processes = [create(), create()];
  const sent: CallRow[] = [];
  const problems: unknown[] = [];
  const reading = { over: false, compared: 0 };
  const readers = [readBetween(reading, problems), readAtOnce(reading, problems), readReports(reading, problems)];

  /** Without a grace, so only while no rows are on their way. */
  const dieWhileSealing = async () => {
    // Sealing dies between any two statements.
    const client = interruptAfter(store.client, 1 + random.below(5), random.below(2) === 0);
    const marks = new HourMarks(store.client, { now });
    const sealer = new Sealer(client, marks, { graceMs: 0, now });
    await sealer.run().catch(() => {});
  };
  const steps: (() => Promise<void>)[] = [
    async () => {
      const fresh = Array.from({ length: random.below(4) }, () => {
        const id = firstId + random.below(60);
        return call(id, {
          tenantId: random.pick(TENANTS),
          hourUnix: HOURS[id % 2] ?? HOURS[0],
          userId: random.pick(["u", "v"]),
          costPicoUsd: random.pick([null, 1n, 10n ** 20n]),
        });
      });
      const again = sent.filter(() => random.below(5) === 0);
      sent.push(...fresh);
      await ingest(random.pick(processes).marks, [...fresh, ...again]);
    },
    async () => changeSome(random, random.pick(processes).marks, await readPlaces(random)),
    async () => void (await random.pick(processes).sealer.run()),
    async () => void (await Promise.all(processes.map(({ sealer }) => sealer.run()))),
    dieWhileSealing,
    async () => {
      // A process dies after its mark; its rows come with the next one.
      processes[random.below(2)] = create();
      const { marks } = create();
      await marks.begin(sent.slice(-2).map(toKey));
    },
    async () => random.pick(processes).sealer.cleanUp(),
    async () => {
      passing.ms += random.below(2 * GRACE_MS);
    },
  ];
  const schedule = Array.from({ length: 100 }, () => random.pick(steps));
  // Several go on at once; a process may take no longer than the grace, so time passes between them only.
  for (let at = 0; at < schedule.length;) {
    const some = schedule.slice(at, at + 1 + random.below(3));
    at += some.length;
    await Promise.all(some.filter((step) => step !== dieWhileSealing).map((step) => step()));
    if (some.includes(dieWhileSealing)) await dieWhileSealing();
    clock.ms += passing.ms + random.below(GRACE_MS);
    passing.ms = 0;
  }
  reading.over = true;
  await Promise.all(readers);
  expect(problems).toEqual([]);
  expect(reading.compared).toBeGreaterThan(20);
  expect(await readDifferences(store.client)).toEqual([]);
}

/** `spend` between two equal readings of `calls`. */
async function readBetween(reading: { over: boolean; compared: number }, problems: unknown[]): Promise<void> {
  let before = await readLedger(store.client);
  while (!reading.over) {
    const spend = await readSpend(store.client);
    const after = await readLedger(store.client);
    if (JSON.stringify(before) === JSON.stringify(after)) {
      reading.compared += 1;
      if (JSON.stringify(spend) !== JSON.stringify(after)) problems.push({ spend, calls: after });
    }
    before = after;
  }
}

/** Both in one statement, which reads one state of the ledger. */
async function readAtOnce(reading: { over: boolean; compared: number }, problems: unknown[]): Promise<void> {
  while (!reading.over) {
    const differences = await readDifferences(store.client);
    reading.compared += 1;
    if (differences.length > 0) problems.push(differences);
  }
}

/** Reports of a tenant and of all from the roll-up, between two equal ones from the ledger. */
async function readReports(reading: { over: boolean; compared: number }, problems: unknown[]): Promise<void> {
  const [from, to] = [new Date(HOURS[0] * 1_000), new Date((HOURS[1] + 3_600) * 1_000)];
  const read = async (by: string[]) => {
    const reports = [];
    for (const tenant of [{}, { tenant: "acme" }]) {
      reports.push((await querySpend(store.client, { by, from, to, ...tenant })).total);
    }
    return JSON.stringify(reports);
  };
  let before = await read(["task"]);
  while (!reading.over) {
    const report = await read(["user"]);
    const after = await read(["task"]);
    if (before === after && report !== after) problems.push({ report, after });
    before = after;
  }
}

async function readPlaces(random: Random): Promise<Change<never>[]> {
  const result = await store.client.query({
    query: `SELECT lower(hex(trace_id)) || ':' || lower(hex(span_id)) AS key, tenant_id, toUnixTimestamp(hour) AS hour_unix FROM spancost.llm_calls FINAL
WHERE tenant_id IN ('', 'acme', 'globex') ORDER BY key, tenant_id, hour`,
    format: "JSONEachRow",
  });
  return (await result.json<{ key: string; tenant_id: string; hour_unix: number }>())
    .filter(() => random.below(4) === 0)
    .map(({ key, tenant_id, hour_unix }) => ({ key, tenantId: tenant_id, hourUnix: BigInt(hour_unix), values: {} }));
}

/** As settlement or repricing would: to another tenant and user, out as a duplicate, or to another price. */
async function changeSome(random: Random, marks: HourMarks, places: readonly Change<never>[]): Promise<void> {
  const ledger = { client: store.client, marks };
  if (random.below(2) === 0) {
    const columns = { cost: "Nullable(Decimal(38, 12))", model: "String" };
    const changes = places.map((place) => ({
      ...place,
      values: { cost: random.pick([null, "0.000000000003", "7"]), model: random.pick(["m", "n"]) },
    }));
    await writeVersions(ledger, { replacedBy: "reprice", columns }, changes);
    return;
  }
  const columns = { tenant_id: "String", user_id: "String", duplicate_of: "String" };
  const changes = places.map((place) => ({
    ...place,
    values: {
      tenant_id: random.pick(TENANTS),
      user_id: random.pick(["u", "v"]),
      duplicate_of: random.pick(["", "", "", "another:span"]),
    },
  }));
  await writeVersions(ledger, { replacedBy: "settle", columns }, changes);
}
