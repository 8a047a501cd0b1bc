import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HourMarks, querySpend, Sealer, type SpendReport, type Store } from "../src/index.ts";
import { createRandom } from "./random.ts";
import { callRow } from "./rows.ts";
import { startTestStore, type TestStore } from "./test-store.ts";

const FIRST_HOUR = 1_779_998_400;
const HOURS = 60;
const HOUR_MS = 3_600_000;
let test: TestStore;
let store: Store;

/** 600 calls over 60 hours; every hour but the last few is sealed. */
beforeAll(async () => {
  test = await startTestStore();
  store = test.store;
  const random = createRandom(5);
  const calls = Array.from({ length: 600 }, (_, id) => {
    const hourUnix = FIRST_HOUR + 3_600 * random.below(HOURS);
    return callRow({
      traceId: Buffer.from(id.toString(16).padStart(32, "0"), "hex"),
      tenantId: random.pick(["acme", "globex", ""]),
      userId: random.pick(["u", "v", "it's"]),
      feature: random.pick(["chat", "search"]),
      model: random.pick(["m", "n"]),
      sessionId: random.pick(["s", "t"]),
      hourUnix,
      startTimeUnixNano: BigInt(hourUnix) * 1_000_000_000n + BigInt(random.below(3_600_000)) * 1_000_000n,
      isError: random.below(5) === 0,
      usageIsLowerBound: random.below(5) === 0,
      costPicoUsd: random.pick([null, 1n, 10n ** 15n + 1n]),
      costStatus: random.pick(["priced", "unpriced", "unknown_usage", "rejected"]),
    });
  });
  const marks = new HourMarks(store.client);
  const inFlight = await marks.begin(calls);
  await store.insert({ spans: [], calls });
  inFlight.done();
  await new Sealer(store.client, marks, { graceMs: 0 }).run();
  await marks.begin(calls.filter(({ hourUnix }) => hourUnix >= FIRST_HOUR + 3_600 * (HOURS - 5)));
});

afterAll(() => test.stop());

const at = (ms: number) => new Date(FIRST_HOUR * 1_000 + ms);
const RANGES: [name: string, from: Date, to: Date][] = [
  ["whole hours", at(0), at(HOURS * HOUR_MS)],
  ["hours that begin and end in the middle", at(90 * 60_000), at(57.5 * HOUR_MS)],
  ["a begun hour at the end only", at(HOUR_MS), at(30 * HOUR_MS + 1)],
  ["less than an hour", at(30.25 * HOUR_MS), at(30.75 * HOUR_MS)],
  ["less than an hour, over its end", at(30.5 * HOUR_MS), at(31.25 * HOUR_MS)],
];
const GROUPINGS = [[], ["tenant"], ["day", "feature"], ["hour", "user", "provider"], ["model", "tenant", "user"]];

/** A dimension of the ledger, of which all calls have the same value, makes the report come from there. */
async function reportFromLedger(by: readonly string[], from: Date, to: Date, tenant: object): Promise<SpendReport> {
  const { rows, total } = await querySpend(store.client, { by: [...by, "task"], from, to, ...tenant });
  for (const row of rows) Reflect.deleteProperty(row, "task");
  return { rows: by.length === 0 ? [] : rows, total };
}

describe("a report from the roll-up equals the one from the ledger, to the digit", () => {
  it.each(RANGES)("over %s", async (_name, from, to) => {
    for (const by of GROUPINGS) {
      for (const tenant of [{}, { tenant: "acme" }]) {
        const report = await querySpend(store.client, { by, from, to, ...tenant });
        expect(report).toEqual(await reportFromLedger(by, from, to, tenant));
        expect(report.total.calls).not.toBe("0");
      }
    }
  });

  it("by session, from the ledger alone", async () => {
    const { rows } = await querySpend(store.client, { by: ["session"], from: at(0), to: at(HOURS * HOUR_MS) });
    expect(rows.map(({ session }) => session).toSorted()).toEqual(["s", "t"]);
  });
});
