import { Agent } from "node:http";
import { setTimeout } from "node:timers/promises";
import { afterAll, expect, it } from "vitest";
import { getAttribution, setAttribution, withAttribution } from "../src/index.ts";
import { ask, open } from "./middleware-client.ts";
import { type ContractSuite, type ResolveTenant, resolveTenant, streamTenant, tenant } from "./middleware-suite.ts";

const REQUESTS = 1_000;
const POSTS = 100;
/** Requests open at a time; connections are reused, so later requests meet the async context of earlier ones. */
const MAX_SOCKETS = 250;
/** More than a socket and a stream keep, so that the rest is pulled when the client has read. */
const LARGE_CHUNK = "x".repeat(65_536);
const CHUNKS = 30;

const resolveLater: ResolveTenant = async (header) => setTimeout(Number(header ?? 0) % 7, resolveTenant(header));
const RESOLVERS = [
  ["sync", resolveTenant],
  ["async", resolveLater],
] as const;

/** Says before each large chunk whose request it is. */
async function* streamLarge(): AsyncGenerator<string> {
  for (let index = 0; index < CHUNKS; index += 1) yield `${tenant()},${LARGE_CHUNK.slice(tenant().length + 1)}`;
}

/** That no request ever sees another's attribution. */
export function describeConcurrency({ start }: ContractSuite): void {
  const agent = new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS });
  afterAll(() => agent.destroy());

  it.each(RESOLVERS)(
    "never swaps attribution between 1,000 interleaved requests, a tenth of them unattributed, resolver %s",
    async (_name, resolve) => {
      const { port } = await start({ resolve });
      const tenants = Array.from({ length: REQUESTS }, (_, index) => (index % 10 === 0 ? undefined : String(index)));
      const bodies = await Promise.all(tenants.map(async (id) => (await ask(port, { tenant: id, agent })).body));
      expect(bodies).toEqual(tenants.map((id) => `${id} ${id} ${id}`));
    },
  );

  it.each(RESOLVERS)("keeps it in listeners and parsers of POST bodies, resolver %s", async (_name, resolve) => {
    const { port } = await start({ resolve });
    const posts = Array.from({ length: POSTS }, (_, index) => ({
      id: String(index),
      text: "é".repeat((index % 5) * 20_000),
    }));
    const send = async (path: string, type: string) =>
      Promise.all(
        posts.map(async ({ id, text }) => {
          const headers = { "content-type": type };
          const body = path === "/parse" ? JSON.stringify({ text }) : text;
          return (await ask(port, { method: "POST", path, tenant: id, headers, body, agent })).body;
        }),
      );
    expect(await send("/parse", "application/json")).toEqual(posts.map(({ id, text }) => `${id} ${text.length}`));
    expect(await send("/listen", "application/octet-stream")).toEqual(
      posts.map(({ id, text }) => `${id} ${Buffer.byteLength(text)} false`),
    );
  });

  it("keeps it in a stream that the framework pulls when a slow client has read", async () => {
    const { port } = await start({ resolve: resolveTenant, handle: async () => streamLarge() });
    const tenants = Array.from({ length: 20 }, (_, index) => `slow-${index}`);
    const seen = await Promise.all(
      tenants.map(async (id) => {
        const response = await open(port, { tenant: id, agent });
        await setTimeout(20);
        let body = "";
        for await (const chunk of response) body += String(chunk);
        return body.replaceAll(/,x+/g, " ");
      }),
    );
    expect(seen).toEqual(tenants.map((id) => `${id} `.repeat(CHUNKS)));
  });

  it("lets a handler override fields, for a part of it", async () => {
    const features: (string | undefined)[] = [];
    const { port } = await start({
      resolve: (header) => ({ tenantId: header, feature: "chat" }),
      handle: async () => {
        const inner = withAttribution({ feature: "summary" }, async () => {
          await setTimeout(2);
          return `${tenant()} ${getAttribution().feature}`;
        });
        features.push(getAttribution().feature, await inner, getAttribution().feature);
        return streamTenant();
      },
    });
    expect(await ask(port, { tenant: "9" })).toEqual({ status: 200, body: "9 9 9" });
    expect(features).toEqual(["chat", "9 summary", "chat"]);
  });

  it("opens a scope without a resolver, so that the handler can say whose request it is", async () => {
    let next = 0;
    const { port } = await start({
      handle: async () => {
        const id = String((next += 1));
        await setTimeout(Number(id) % 5);
        setAttribution({ tenantId: id });
        return streamTenant();
      },
    });
    const bodies = await Promise.all(Array.from({ length: 50 }, async () => (await ask(port, { agent })).body));
    const ids = Array.from({ length: 50 }, (_, index) => String(index + 1));
    expect(bodies.toSorted()).toEqual(ids.map((id) => `${id} ${id} ${id}`).toSorted());
    expect((await ask(port)).body).toBe("51 51 51");
  });
}
