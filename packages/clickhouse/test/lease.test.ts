import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Lease, type Store } from "../src/index.ts";
import { startTestStore, type TestStore } from "./test-store.ts";

let test: TestStore;
let store: Store;

beforeAll(async () => {
  test = await startTestStore();
  store = test.store;
});

afterAll(() => test.stop());

const create = (ttlMs: number) => new Lease(store.client, { ttlMs, settleMs: 300 });

describe("the lease of maintenance", () => {
  it("is held by one of those that claim it at once", async () => {
    const leases = [create(60_000), create(60_000), create(60_000)];
    const held = await Promise.all(leases.map((lease) => lease.hold()));
    expect(held.filter(Boolean)).toHaveLength(1);
    await Promise.all(leases.map((lease) => lease.release()));
  });

  it("stays with its holder while it is renewed, and goes to the next when it is given back", async () => {
    const [one, two] = [create(60_000), create(60_000)];
    expect(await one.hold()).toBe(true);
    expect(await two.hold()).toBe(false);
    expect(await one.hold()).toBe(true);
    expect([one.remainingMs > 0, two.remainingMs]).toEqual([true, 0]);
    await one.release();
    expect(await two.hold()).toBe(true);
    expect(one.remainingMs).toBe(0);
    await two.release();
  });

  it("goes to the next when its holder has died", async () => {
    const [dead, next] = [create(500), create(60_000)];
    expect(await dead.hold()).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(dead.remainingMs).toBe(0);
    expect(await next.hold()).toBe(true);
    expect(await dead.hold()).toBe(false);
    await next.release();
  });
});
