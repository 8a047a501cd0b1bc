import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Change, writeVersions } from "../src/maintenance/write-versions.ts";
import { selectRows } from "../src/select-rows.ts";
import { callRow } from "./rows.ts";
import { startTestStore, type TestStore } from "./test-store.ts";

const TEXTS = [
  "",
  "plain",
  "it's",
  "back\\slash",
  "\\'",
  "\\N",
  "NULL",
  "a\0b",
  "tab\tand\nline\r\n",
  "), ('x",
  "]",
  "ünï 😀",
  "'",
];

let test: TestStore;

beforeAll(async () => {
  test = await startTestStore();
  await test.ingest(TEXTS.map((tenantId, at) => callRow({ tenantId, traceId: new Uint8Array(16).fill(at) })));
});

afterAll(() => test.stop());

describe("new versions", () => {
  it("have the values they were given, whatever is in a text, and no cost where there is none", async () => {
    const { client } = test.store;
    const change = (at: number): Change<"tenant_id" | "task" | "cost"> => ({
      key: `${at.toString(16).padStart(2, "0").repeat(16)}:${"cd".repeat(8)}`,
      tenantId: TEXTS[at] ?? "",
      hourUnix: 1_779_998_400n,
      values: {
        tenant_id: TEXTS.at(at - 1) ?? "",
        task: TEXTS.at(at - 2) ?? "",
        cost: at % 2 === 0 ? null : `${at}.000000000001`,
      },
    });
    const columns = { tenant_id: "String", task: "String", cost: "Nullable(Decimal(38, 12))" };
    await writeVersions({ client, marks: test.marks }, { replacedBy: "test", columns }, [...TEXTS.keys()].map(change));
    const calls =
      "SELECT upper(substring(trace_id, 1, 2)) AS id, tenant_id, task, cost FROM spancost.calls ORDER BY trace_id";
    const rows = await selectRows(client, calls);
    expect(rows).toEqual(
      TEXTS.map((_, at) => ({
        id: at.toString(16).padStart(2, "0").toUpperCase(),
        tenant_id: TEXTS.at(at - 1),
        task: TEXTS.at(at - 2),
        cost: at % 2 === 0 ? null : `${at}.000000000001`,
      })),
    );
  });
});
