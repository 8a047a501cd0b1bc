import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SharedServices } from "../src/maintenance/shared-services.ts";
import { callRow } from "./rows.ts";
import { startTestStore, type TestStore } from "./test-store.ts";

let test: TestStore;

beforeAll(async () => {
  test = await startTestStore();
});

afterAll(() => test.stop());

const HOUR_UNIX = 1_779_998_400;
const DAY_SECONDS = 86_400;
const NOTHING = "false";

let spans = 0;

/** Stores a call of a service, seen by a producer. @returns what tells its row */
async function ingest(service: string, scopeName: string, hourUnix = HOUR_UNIX): Promise<string> {
  spans += 1;
  const spanId = Buffer.alloc(8, spans);
  const startTimeUnixNano = BigInt(hourUnix) * 1_000_000_000n;
  await test.ingest([callRow({ spanId, hourUnix, startTimeUnixNano, service, scopeName })]);
  return `span_id = unhex('${spanId.toString("hex")}')`;
}

describe("services of several producers", () => {
  it("are those of the ledger, and those of what came since", async () => {
    await ingest("one", "a");
    await ingest("two", "a");
    await ingest("two", "b");
    const services = new SharedServices(test.store.client);
    expect(await services.find(NOTHING, HOUR_UNIX)).toEqual(["two"]);
    const again = await ingest("one", "a");
    expect(await services.find(again, HOUR_UNIX)).toEqual(["two"]);
    const other = await ingest("one", "b");
    expect(await services.find(NOTHING, HOUR_UNIX)).toEqual(["two"]);
    expect((await services.find(other, HOUR_UNIX)).toSorted()).toEqual(["one", "two"]);
    expect((await services.find(NOTHING, HOUR_UNIX)).toSorted()).toEqual(["one", "two"]);
  });

  it("are asked for again where calls begin earlier than was asked", async () => {
    const earlier = HOUR_UNIX - 10 * DAY_SECONDS;
    await ingest("late", "b");
    await ingest("late", "a", earlier);
    const services = new SharedServices(test.store.client);
    expect(await services.find(NOTHING, HOUR_UNIX)).not.toContain("late");
    expect(await services.find(NOTHING, earlier)).toContain("late");
  });

  it("are forgotten an hour after one of their producers was replaced", async () => {
    let nowMs = 0;
    const old = HOUR_UNIX + 10 * DAY_SECONDS;
    const later = old + 10 * DAY_SECONDS;
    await ingest("replaced", "a", old);
    const services = new SharedServices(test.store.client, () => nowMs);
    await services.find(NOTHING, old);
    expect(await services.find(await ingest("replaced", "b", later), later)).toContain("replaced");
    nowMs = 3_600_001;
    expect(await services.find(NOTHING, later)).not.toContain("replaced");
  });
});
