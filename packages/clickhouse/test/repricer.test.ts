import { createHash } from "node:crypto";
import { formatDecimal, MONEY_SCALE } from "@spancost/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type CallRow,
  reprice,
  type RepriceRequest,
  type Store,
  type StoredCall,
  type TakeTurn,
} from "../src/index.ts";
import { selectRows } from "../src/select-rows.ts";
import { readDifferences } from "./exact-spend.ts";
import { callRow } from "./rows.ts";
import { startTestStore, type TestStore } from "./test-store.ts";

/** Several pages of one tenant, and tenants on its first and last page. */
const CALLS_BY_TENANT = { "a'first": 30, large: 41_000, last: 50 } as const;
const RANGE = { from: new Date("2026-01-01"), to: new Date("2027-01-01") };
const [OLD_PICO_USD, NEW_PICO_USD] = [250_000_000n, 7n];

let test: TestStore;
let store: Store;

beforeAll(async () => {
  test = await startTestStore();
  store = test.store;
  const calls = Object.entries(CALLS_BY_TENANT).flatMap(([tenantId, count]) =>
    Array.from({ length: count }, (_, at) => call(tenantId, at)),
  );
  await test.ingest(calls);
  // Delivered again, so that there are several rows of a call.
  await test.ingest(calls.filter((_, at) => at % 7 === 0));
  await test.ingest([
    call("large", 1_000_000, { hourUnix: 1_779_998_400 + 3_600, startTimeUnixNano: 1_780_002_000_000_000_000n }),
  ]);
});

afterAll(() => test.stop());

/** Two calls in each trace. */
function call(tenantId: string, at: number, changes: Partial<CallRow> = {}): CallRow {
  const hash = createHash("sha256")
    .update(`${tenantId} ${Math.floor(at / 2)}`)
    .digest();
  const spanId = Buffer.alloc(8);
  spanId.writeUInt32BE(at + 1, 4);
  return callRow({ tenantId, traceId: hash.subarray(0, 16), spanId, responseId: `${tenantId} ${at}`, ...changes });
}

async function run(
  changes: Partial<RepriceRequest>,
  takeTurn?: TakeTurn,
): Promise<{ asked: number; tenants: object[] }> {
  let asked = 0;
  const price = ({ modelReported }: StoredCall) => {
    asked += 1;
    return {
      provider: "openai",
      model: modelReported,
      listCostPicoUsd: NEW_PICO_USD,
      costPicoUsd: NEW_PICO_USD,
      costStatus: "priced" as const,
      costReason: "",
      rateVersion: "test-2",
    };
  };
  const ledger = { client: store.client, marks: test.marks };
  const tenants = await reprice(ledger, price, { ...RANGE, apply: false, actor: "test", ...changes }, takeTurn);
  return { asked, tenants };
}

const toUsd = (calls: number, picoUsd: bigint) => formatDecimal(BigInt(calls) * picoUsd, MONEY_SCALE);
const report = (tenant: string, calls: number, changed: number, was: bigint) => ({
  tenant,
  calls,
  changed,
  before: toUsd(calls, was),
  after: toUsd(calls, NEW_PICO_USD),
});

describe("repricing an hour that is read in pages", () => {
  const all = (changed: boolean, was: bigint) =>
    [["a'first", 30] as const, ["large", 41_001] as const, ["last", 50] as const].map(([tenant, calls]) =>
      report(tenant, calls, changed ? calls : 0, was),
    );

  it("looks at every call once, by tenant and at all of them", async () => {
    expect(await run({})).toEqual({ asked: 41_081, tenants: all(true, OLD_PICO_USD) });
    const large = await run({ tenant: "large" });
    expect(large).toEqual({ asked: 41_001, tenants: [report("large", 41_001, 41_001, OLD_PICO_USD)] });
    const first = await run({ tenant: "a'first" });
    expect(first).toEqual({ asked: 30, tenants: [report("a'first", 30, 30, OLD_PICO_USD)] });
  });

  it("writes every call once", async () => {
    expect(await run({ apply: true })).toEqual({ asked: 41_081, tenants: all(true, OLD_PICO_USD) });
    expect(await run({})).toEqual({ asked: 41_081, tenants: all(false, NEW_PICO_USD) });
    const figures =
      "SELECT count() AS calls, sum(cost) AS cost, uniqExact(response_id) AS responses FROM spancost.calls";
    expect(await selectRows(store.client, figures)).toEqual([
      { calls: "41081", cost: toUsd(41_081, NEW_PICO_USD), responses: "41081" },
    ]);
    const versions = "SELECT max(version) AS most, count() AS rows FROM spancost.llm_calls_history FINAL";
    expect(await selectRows(store.client, versions)).toEqual([{ most: "0", rows: "41081" }]);
    expect(await readDifferences(store.client)).toEqual([]);
  });

  it("takes a turn for each hour, and has not begun when it gets none", async () => {
    let turns = 0;
    const takeTurn: TakeTurn = (part) => {
      turns += 1;
      return part();
    };
    await run({ tenant: "large", apply: true }, takeTurn);
    expect(turns).toBe(3);
    const audits = "SELECT count() AS count FROM spancost.audit_log";
    const before = await selectRows(store.client, audits);
    const refuse: TakeTurn = () => Promise.reject(new Error("not now"));
    await expect(run({ apply: true }, refuse)).rejects.toThrow("not now");
    expect(await selectRows(store.client, audits)).toEqual(before);
  });
});
