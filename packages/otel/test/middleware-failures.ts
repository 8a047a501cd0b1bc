import { once } from "node:events";
import { get } from "node:http";
import { setTimeout } from "node:timers/promises";
import { expect, it } from "vitest";
import { getOtelCounters } from "../src/index.ts";
import { ask, open } from "./middleware-client.ts";
import { type ContractSuite, type ResolveTenant, resolveTenant, streamTenant, tenant } from "./middleware-suite.ts";

const FAILING: readonly (readonly [string, ResolveTenant])[] = [
  ["throws", () => JSON.parse("not json")],
  ["rejects", async () => JSON.parse("not json")],
];

/** That whatever fails or ends early stays what it is without the middleware. */
export function describeFailures({ adapter, start }: ContractSuite): void {
  it.each(FAILING)("lets the request go on unattributed when the resolver %s", async (_, resolve) => {
    const before = getOtelCounters().resolver_failed;
    const { port } = await start({ resolve });
    expect(await ask(port, { tenant: "1" })).toEqual({ status: 200, body: "undefined undefined undefined" });
    expect(getOtelCounters().resolver_failed).toBe(before + 1);
  });

  it("lets the request go on unattributed when the resolver takes too long, and ignores it later", async () => {
    const before = getOtelCounters().resolver_failed;
    const resolve = async () => setTimeout(100, { tenantId: "late" });
    const { port } = await start({ resolve, options: { resolveTimeoutMs: 10 } });
    expect(await ask(port, { tenant: "1" })).toEqual({ status: 200, body: "undefined undefined undefined" });
    expect(getOtelCounters().resolver_failed).toBe(before + 1);
  });

  it.each([
    ["sync", resolveTenant],
    ["async", async (header: string | undefined) => resolveTenant(header)],
  ] as const)("leaves errors of the app to the framework, resolver %s", async (_, resolve) => {
    let runs = 0;
    const handle = async (): Promise<never> => {
      runs += 1;
      throw new Error("of the app");
    };
    const { port } = await start({ resolve, handle });
    expect((await ask(port, { tenant: "1" })).status).toBe(500);
    expect(runs).toBe(1);
  });

  it("leaves an error in the middle of a stream to the framework, and serves the next request", async () => {
    async function* fail(): AsyncGenerator<string> {
      yield* streamTenant();
      await setTimeout(1);
      throw new Error(`of ${tenant()}`);
    }
    let isFailing = true;
    const { port } = await start({ resolve: resolveTenant, handle: async () => (isFailing ? fail() : streamTenant()) });
    const answer = await ask(port, { tenant: "1" }).catch((error: unknown) => error);
    const hidden = { status: 200, body: "1 1 1" };
    expect(answer).toMatchObject(adapter.hidesStreamErrors === true ? hidden : { code: "ECONNRESET" });
    isFailing = false;
    expect((await ask(port, { tenant: "2" })).body).toBe("2 2 2");
  });

  it("ends a stream whose client has left as the request's own, and serves the next one", async () => {
    const { promise: ended, resolve: end } = Promise.withResolvers<string>();
    async function* streamForEver(): AsyncGenerator<string> {
      try {
        for (;;) {
          yield "x".repeat(1_024);
          await setTimeout(1);
        }
      } finally {
        end(tenant());
      }
    }
    let isEndless = true;
    const handle = async () => (isEndless ? streamForEver() : streamTenant());
    const { port } = await start({ resolve: resolveTenant, handle });
    const response = await open(port, { tenant: "left" });
    await once(response, "data");
    response.destroy();
    expect(await ended).toBe("left");
    isEndless = false;
    expect((await ask(port, { tenant: "2" })).body).toBe("2 2 2");
  });

  it.each([
    ["never settles", false],
    ["settles then", true],
  ])("serves others while a resolver waits whose client leaves, and which %s", async (_, settles) => {
    const { promise: resolving, resolve: startResolving } = Promise.withResolvers<void>();
    const { promise: late, resolve: settle } = Promise.withResolvers<{ tenantId: string }>();
    const resolve: ResolveTenant = (header) => {
      if (header === "fast") return { tenantId: header };
      startResolving();
      return late;
    };
    // Longer than the whole suite takes: what is counted when it is over must not fall into another test.
    const { port } = await start({ resolve, options: { resolveTimeoutMs: 3_600_000 } });
    const leaving = get({ host: "127.0.0.1", port, headers: { "x-tenant": "slow" } }).on("error", () => undefined);
    await resolving;
    leaving.destroy();
    expect((await ask(port, { tenant: "fast" })).body).toBe("fast fast fast");
    if (settles) settle({ tenantId: "late" });
    expect((await ask(port, { tenant: "fast" })).body).toBe("fast fast fast");
  });
}
