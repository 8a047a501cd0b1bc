import { createHash } from "node:crypto";
import { ATTRIBUTION_KEYS } from "@spancost/core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type CallRow, erase, type EraseRequest, type EraseResult, reprice, Sealer, type Store } from "../src/index.ts";
import { writeVersions } from "../src/maintenance/write-versions.ts";
import { readDifferences } from "./exact-spend.ts";
import { callRow, spanRow } from "./rows.ts";
import { startTestStore, type TestStore } from "./test-store.ts";

let test: TestStore;
let store: Store;

beforeAll(async () => {
  test = await startTestStore();
  store = test.store;
  const calls = [
    call(1, { tenantId: "acme", userId: "jane", labels: [["owner", "jane"]], sessionId: "s1" }),
    call(2, { tenantId: "acme", userId: "joe", sessionId: "s2" }),
    call(3, { tenantId: "globex", userId: "jane" }),
    call(4, { tenantId: "initech's", userId: "pam" }),
    call(5, { tenantId: "initech's", userId: "pam" }),
  ];
  await test.ingest(calls);
  await store.insert({
    calls: [],
    spans: [
      ...[1, 2, 3, 4, 5].map((id) => spanRow({ traceId: hex(id, 16), spanId: hex(id, 8) })),
      span(11, [["user_id", "jane"]]),
      span(12, [["metadata", '{"user_id":"jane"}']]),
      span(13, [["tenant.id", "initech's"]]),
      span(14, [["feature", "chat"]]),
    ],
  });
  // A version that is replaced, so that there is history, and hours that are sealed.
  const places = [1, 4].map((id) => ({
    key: `${hex(id, 16)}:${hex(id, 8)}`,
    tenantId: id === 1 ? "acme" : "initech's",
    hourUnix: 1_779_998_400n,
    values: { cost: "2" },
  }));
  const kind = { replacedBy: "reprice", columns: { cost: "Nullable(Decimal(38, 12))" } };
  await writeVersions({ client: store.client, marks: test.marks }, kind, places);
  await seal();
});

afterAll(() => test.stop());

const hex = (id: number, bytes: number) => id.toString(16).padStart(bytes * 2, "0");
const span = (id: number, attributes: [string, string][]) =>
  spanRow({ traceId: hex(id, 16), spanId: hex(id, 8), attributes });

function call(id: number, changes: Partial<CallRow>): CallRow {
  return callRow({ traceId: Buffer.from(hex(id, 16), "hex"), spanId: Buffer.from(hex(id, 8), "hex"), ...changes });
}

async function seal(): Promise<void> {
  const sealer = new Sealer(store.client, test.marks, { graceMs: 0 });
  await sealer.run();
  await sealer.cleanUp();
}

function run(subject: EraseRequest["subject"], apply: boolean): Promise<EraseResult> {
  return erase({ client: store.client, patientClient: store.patientClient, marks: test.marks }, ATTRIBUTION_KEYS, {
    subject,
    apply,
    actor: "test",
  });
}

async function rows(query: string): Promise<unknown[]> {
  return (await store.client.query({ query, format: "JSONCompactEachRow" })).json();
}

/** How many rows of any table, versions included, hold a text in any column. */
async function countHolding(text: string): Promise<number> {
  let found = 0;
  for (const table of ["llm_calls", "llm_calls_history", "spend_hourly", "hour_marks", "otel_traces", "audit_log"]) {
    const all = await rows(`SELECT * FROM spancost.${table}`);
    found += all.filter((row) => JSON.stringify(row).includes(text)).length;
  }
  return found;
}

describe("erasing", () => {
  const SPEND = "SELECT tenant_id, sum(calls), sum(cost) FROM spancost.spend GROUP BY 1 ORDER BY 1";

  it("a user takes who it was out of every table, and leaves the tenants' spend", async () => {
    const before = await rows(SPEND);
    expect(await run({ user: "jane" }, false)).toEqual({ calls: 3, history: 1, rollUp: 2, spans: 4 });
    expect(await countHolding("jane")).toBeGreaterThan(0);
    await run({ user: "jane" }, true);
    expect(await countHolding("jane")).toBe(0);
    expect(await readDifferences(store.client)).toEqual([]);
    expect(await rows(SPEND)).toEqual(before);
    await seal();
    expect(await readDifferences(store.client)).toEqual([]);
    expect(await rows(SPEND)).toEqual(before);
    expect(
      await rows("SELECT user_id, session_id, labels FROM spancost.calls WHERE tenant_id = 'acme' ORDER BY 1"),
    ).toEqual([
      ["", "", { owner: "" }],
      ["joe", "s2", { plan: "pro" }],
    ]);
    expect(await rows("SELECT count() FROM spancost.otel_traces")).toEqual([["5"]]);
  });

  it("ends where it is told to, as repricing does, and leaves the rest for the next time", async () => {
    const ledger = { client: store.client, patientClient: store.patientClient, marks: test.marks };
    const signal = AbortSignal.abort(new Error("told to end"));
    const before = await rows("SELECT * FROM spancost.calls ORDER BY ALL");
    const erasing = { subject: { tenant: "initech's" }, apply: true, actor: "test" };
    await expect(erase(ledger, ATTRIBUTION_KEYS, erasing, signal)).rejects.toThrow("told to end");
    const never = () => {
      throw new Error("it goes on");
    };
    const repricing = { from: new Date("2026-01-01"), to: new Date("2027-01-01"), apply: true, actor: "test" };
    await expect(reprice(ledger, never, repricing, (part) => part(signal))).rejects.toThrow("told to end");
    expect(await rows("SELECT * FROM spancost.calls ORDER BY ALL")).toEqual(before);
  });

  it("a tenant takes every row of it, and nothing of others; again, it finds nothing", async () => {
    const others = await rows("SELECT * FROM spancost.calls WHERE tenant_id != 'initech\\'s' ORDER BY ALL");
    expect(await run({ tenant: "initech's" }, true)).toEqual({ calls: 3, history: 1, rollUp: 1, spans: 3 });
    expect(await readDifferences(store.client)).toEqual([]);
    await seal();
    expect(await countHolding("initech")).toBe(0);
    expect(await rows("SELECT * FROM spancost.calls ORDER BY ALL")).toEqual(others);
    expect(await readDifferences(store.client)).toEqual([]);
    expect(await run({ tenant: "initech's" }, true)).toEqual({ calls: 0, history: 0, rollUp: 0, spans: 0 });
  });

  it("leaves no tenant in what the audit log says of repricing", async () => {
    const range = { from: new Date("2020-01-01"), to: new Date("2020-01-02") };
    const request = (tenant: string) => ({ ...range, tenant, model: "any", apply: true, actor: "test" });
    const never = () => {
      throw new Error("there is no call");
    };
    for (const tenant of ["initech's", 'a "quoted" one']) {
      await reprice({ client: store.client, marks: test.marks }, never, request(tenant));
      expect(await countHolding(JSON.stringify(JSON.stringify(tenant).slice(1, -1)).slice(1, -1))).toBe(1);
      await run({ tenant }, true);
    }
    const audits = (await rows(
      "SELECT details FROM spancost.audit_log WHERE action = 'reprice' AND position(details, '2020') > 0 ORDER BY at",
    )) as [string][];
    expect(audits.map(([details]) => JSON.parse(details))).toEqual(
      ["initech's", 'a "quoted" one'].map((tenant) => ({
        from: "2020-01-01T00:00:00.000Z",
        to: "2020-01-02T00:00:00.000Z",
        sha256: createHash("sha256").update(tenant).digest("hex"),
        model: "any",
      })),
    );
  });

  it("goes over every day and week that holds the tenant, to their first and last hours", async () => {
    const at = [
      "2026-06-01T00:00:00Z",
      "2026-06-01T23:59:59Z",
      "2026-06-02T00:30:00Z",
      "2026-06-07T23:30:00Z",
      "2026-06-08T00:00:00Z",
      "2026-08-03T12:00:00Z",
    ].map((time) => Date.parse(time) / 1000);
    const times = (seconds: number) => ({ startTimeUnixNano: BigInt(seconds) * 1_000_000_000n });
    const each = (tenantId: string, first: number) =>
      at.map((seconds, index) =>
        call(first + index, { tenantId, hourUnix: Math.floor(seconds / 3_600) * 3_600, ...times(seconds) }),
      );
    await test.ingest([...each("leaving", 100), ...each("staying", 200)]);
    const spans = [100, 200].flatMap((first) =>
      at.map((seconds, index) =>
        spanRow({ traceId: hex(first + index, 16), spanId: hex(first + index, 8), ...times(seconds) }),
      ),
    );
    await store.insert({ calls: [], spans });
    await seal();
    const others = () => rows("SELECT * FROM spancost.calls WHERE tenant_id != 'leaving' ORDER BY ALL");
    const [before, spanCount] = [await others(), await rows("SELECT count() FROM spancost.otel_traces")];
    const found = { calls: 6, history: 0, rollUp: 6, spans: 6 };
    expect(await run({ tenant: "leaving" }, true)).toEqual(found);
    await seal();
    expect(await countHolding("leaving")).toBe(0);
    expect(await others()).toEqual(before);
    expect(await rows("SELECT count() FROM spancost.otel_traces")).toEqual([
      [String(Number((spanCount as [string][])[0]?.[0]) - 6)],
    ]);
    expect(await readDifferences(store.client)).toEqual([]);
    expect(await run({ tenant: "leaving" }, false)).toEqual({ calls: 0, history: 0, rollUp: 0, spans: 0 });
  });

  it("leaves nobody's name in the texts of what was done, once the database has cleaned up", async () => {
    const texts = async () => JSON.stringify(await rows("SELECT command FROM system.mutations"));
    await vi.waitFor(async () => expect(await texts()).not.toMatch(/leaving|initech|jane/), { timeout: 90_000 });
  }, 100_000);

  it("is in the audit log without the subject", async () => {
    const audit = (await rows("SELECT action, details FROM spancost.audit_log WHERE action = 'erase' ORDER BY at")) as [
      string,
      string,
    ][];
    expect(audit).toHaveLength(6);
    expect(JSON.parse(audit[0]?.[1] ?? "")).toEqual({
      subject: "user",
      sha256: "81f8f6dde88365f3928796ec7aa53f72820b06db8664f5fe76a7eb13e24546a2",
    });
  });

  it("refuses to erase nobody", async () => {
    await expect(run({ tenant: "" }, true)).rejects.toMatchObject({ code: "query-refused" });
  });
});
