import { Agent, get } from "node:http";
import { text } from "node:stream/consumers";
import { setImmediate, setTimeout } from "node:timers/promises";
import { context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AttributionInput, getAttribution, getOtelCounters } from "../src/index.ts";

const REQUESTS = 1_000;
/** Requests open at a time; connections are reused, so later requests meet the async context of earlier ones. */
const MAX_SOCKETS = 250;

/** What the resolver under test sees of a request: one header. */
export type ResolveTenant = (
  tenant: string | undefined,
) => AttributionInput | undefined | Promise<AttributionInput | undefined>;

export interface RunningServer {
  readonly port: number;
  close(): Promise<void>;
}

/** A web framework with our middleware before one route that streams what `handle` yields, and answers 500 when it throws at once. */
export interface MiddlewareAdapter {
  readonly name: string;
  start(resolve: ResolveTenant, handle: () => Promise<AsyncIterable<string>>): Promise<RunningServer>;
}

const RESOLVERS: readonly (readonly [name: string, resolve: ResolveTenant])[] = [
  ["sync", (tenant) => (tenant === undefined ? undefined : { tenantId: tenant })],
  [
    "async",
    async (tenant) => setTimeout(Number(tenant ?? 0) % 7, tenant === undefined ? undefined : { tenantId: tenant }),
  ],
];

/** What every middleware must do; adapters are run against it with a real server on loopback. */
export function describeMiddleware(adapter: MiddlewareAdapter): void {
  beforeAll(() => void context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()));

  describe.each(RESOLVERS)(`${adapter.name} with a resolver that is %s`, (_, resolve) => {
    const agent = new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS });
    let server: RunningServer;
    beforeAll(async () => {
      server = await adapter.start(resolve, async () => streamTenant());
    });
    afterAll(async () => {
      agent.destroy();
      await server.close();
    });

    it("never swaps attribution between 1,000 interleaved requests, a tenth of them unattributed", async () => {
      const tenants = Array.from({ length: REQUESTS }, (_unused, index) =>
        index % 10 === 0 ? undefined : String(index),
      );
      const bodies = await Promise.all(tenants.map(async (tenant) => (await request(server.port, tenant, agent)).body));
      expect(bodies).toEqual(tenants.map((tenant) => `${tenant} ${tenant} ${tenant}`));
    });
  });

  describe(adapter.name, () => {
    const failing: readonly (readonly [string, ResolveTenant])[] = [
      ["throws", () => JSON.parse("not json")],
      ["rejects", async () => JSON.parse("not json")],
    ];
    it.each(failing)("lets the request go on unattributed when the resolver %s", async (_, resolve) => {
      const before = getOtelCounters().resolver_failed;
      const { status, body } = await requestOnce(adapter, resolve, async () => streamTenant());
      expect({ status, body }).toEqual({ status: 200, body: "undefined undefined undefined" });
      expect(getOtelCounters().resolver_failed).toBe(before + 1);
    });

    it.each(RESOLVERS)("leaves errors of the app to the framework, with a resolver that is %s", async (_, resolve) => {
      let runs = 0;
      const { status } = await requestOnce(adapter, resolve, async () => {
        runs += 1;
        throw new Error("of the app");
      });
      expect({ status, runs }).toEqual({ status: 500, runs: 1 });
    });
  });
}

async function* streamTenant(): AsyncGenerator<string> {
  yield `${getAttribution().tenantId} `;
  await setTimeout(Number(getAttribution().tenantId ?? 5) % 11);
  yield `${getAttribution().tenantId} `;
  await Promise.all([setImmediate(), setTimeout(1)]);
  yield `${getAttribution().tenantId}`;
}

async function requestOnce(
  adapter: MiddlewareAdapter,
  resolve: ResolveTenant,
  handle: () => Promise<AsyncIterable<string>>,
): Promise<{ status: number | undefined; body: string }> {
  const server = await adapter.start(resolve, handle);
  try {
    return await request(server.port, "1", new Agent());
  } finally {
    await server.close();
  }
}

function request(
  port: number,
  tenant: string | undefined,
  agent: Agent,
): Promise<{ status: number | undefined; body: string }> {
  const headers = tenant === undefined ? {} : { "x-tenant": tenant };
  return new Promise((resolve, reject) => {
    const sent = get({ host: "127.0.0.1", port, path: "/", agent, headers }, (response) => {
      text(response).then((body) => resolve({ status: response.statusCode, body }), reject);
    });
    sent.on("error", reject);
  });
}
