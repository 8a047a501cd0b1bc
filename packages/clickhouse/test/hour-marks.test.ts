import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HourMarks, type Store } from "../src/index.ts";
import { startTestStore, type TestStore } from "./test-store.ts";

let test: TestStore;
let store: Store;

beforeAll(async () => {
  test = await startTestStore();
  store = test.store;
  // A merge keeps the newest mark of an hour only, and here they are counted.
  await store.client.command({ query: "SYSTEM STOP MERGES spancost.hour_marks" });
});

afterAll(() => test.stop());

const HOUR = { tenantId: "it's \\ \n ünï", hourUnix: 1_779_998_400 };
const OTHER = { ...HOUR, tenantId: "other" };

async function versions(tenantId: string): Promise<number[]> {
  const result = await store.client.query({
    query: "SELECT version FROM spancost.hour_marks WHERE tenant_id = {tenantId:String} ORDER BY version",
    query_params: { tenantId },
    format: "JSONEachRow",
  });
  return (await result.json<{ version: string }>()).map(({ version }) => Number(version));
}

/** Marks with a clock that stands still until it is moved. */
function withClock(freshMs: number) {
  const clock = { ms: 0 };
  return { clock, marks: new HourMarks(store.client, { freshMs, now: () => clock.ms }) };
}

describe("hour marks", () => {
  it("are written with rising even versions, and not again while they are fresh", async () => {
    const { clock, marks } = withClock(100);
    for (const ms of [0, 99, 100, 150]) {
      clock.ms = ms;
      (await marks.begin([HOUR, OTHER, HOUR])).done();
    }
    const [first = 0, second, ...more] = await versions(HOUR.tenantId);
    expect([first % 2, second, more]).toEqual([0, first + 2, []]);
    expect(await versions(OTHER.tenantId)).toEqual([first, second]);
  });

  it("are written again by another process, and before a retry where they are no longer fresh", async () => {
    const { clock, marks } = withClock(100);
    const before = (await versions(HOUR.tenantId)).length;
    const inFlight = await marks.begin([HOUR]);
    await inFlight.refresh();
    expect(await versions(HOUR.tenantId)).toHaveLength(before + 1);
    clock.ms = 100;
    await inFlight.refresh();
    expect(await versions(HOUR.tenantId)).toHaveLength(before + 2);
  });

  it("share one statement among those that come at once", async () => {
    const { marks } = withClock(Infinity);
    const before = (await versions(HOUR.tenantId)).length;
    await Promise.all([marks.begin([HOUR]), marks.begin([HOUR]), marks.begin([HOUR])]);
    expect(await versions(HOUR.tenantId)).toHaveLength(before + 1);
  });

  it("cannot be taken for sealing while rows are on their way or were a moment ago, and are written again once taken", async () => {
    const { clock, marks } = withClock(Infinity);
    const [one, two] = [await marks.begin([HOUR]), await marks.begin([HOUR])];
    one.done();
    one.done();
    clock.ms = 1_000;
    expect(marks.claim(HOUR, 10)).toBe(false);
    two.done();
    expect(marks.claim(HOUR, 10)).toBe(false);
    clock.ms = 1_010;
    expect(marks.claim(HOUR, 10)).toBe(true);
    const before = (await versions(HOUR.tenantId)).length;
    await marks.begin([HOUR]);
    expect(await versions(HOUR.tenantId)).toHaveLength(before + 1);
  });

  it("that could not be written leave nothing in flight", async () => {
    const { marks } = withClock(Infinity);
    await expect(marks.begin([{ ...HOUR, hourUnix: -1 }])).rejects.toThrow();
    expect(marks.claim({ ...HOUR, hourUnix: -1 }, 0)).toBe(true);
  });
});
