import { createSecureServer } from "node:http2";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import undici6 from "undici-6";
import undici7 from "undici-7";
import undici8 from "undici-8";
import { withAttribution } from "../../../otel/src/index.ts";
import { setOutboundAttribution } from "../../src/outbound/set-outbound-attribution.ts";
import { CERTIFICATE } from "../hooks/node-http-certificate.ts";
import { BY_HAND, createDenyingRule, createRule, readTenant, startApp } from "./outbound-app.ts";
import { startService, stopServices } from "./services.ts";

const app = startApp();
const TENANTS = ["acme", "globex", "initech"];
type Undici = typeof undici8;
const VERSIONS: readonly (readonly [string, Undici])[] = [
  ["6", undici6 as unknown as Undici],
  ["7", undici7 as unknown as Undici],
  ["8", undici8],
];

afterEach(() => {
  setOutboundAttribution(undefined);
  stopServices();
});

/** Who the service at a URL believes it worked for, in the order in which the requests were made. */
function sendAll(send: (tenant: string) => Promise<string>): Promise<string[]> {
  const all = TENANTS.map((tenantId) => app.run(() => withAttribution({ tenantId }, () => send(tenantId))));
  return Promise.all(all);
}

/** A service that speaks nothing but HTTP/2 over TLS. */
async function startHttp2(seen: (headers: NodeJS.Dict<string | string[]>) => string) {
  const server = createSecureServer(CERTIFICATE, (request, response) => response.end(seen(request.headers)));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { origin: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, stop: () => server.close() };
}

describe.each(VERSIONS)("undici %s", (_version, undici) => {
  const connect = { rejectUnauthorized: false } as const;

  it("names the tenant who asked when one connection serves them all", async () => {
    setOutboundAttribution(createRule());
    const { origin } = await startService("http", async (request) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return readTenant(request);
    });
    const dispatcher = new undici.Pool(origin, { connections: 1 });
    const answers = await sendAll(async () => (await undici.request(`${origin}/`, { dispatcher })).body.text());
    await dispatcher.destroy();
    expect(answers).toEqual(TENANTS);
  });

  it("names nobody rather than another when a fetch has waited for a connection", async () => {
    setOutboundAttribution(createRule());
    const { origin } = await startService("http", async (request) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return readTenant(request);
    });
    const dispatcher = new undici.Pool(origin, { connections: 1 });
    const answers = await sendAll(async () => (await undici.fetch(`${origin}/`, { dispatcher })).text());
    await dispatcher.destroy();
    expect(answers.map((answer, index) => answer === TENANTS[index] || answer === "nobody")).toEqual([
      true,
      true,
      true,
    ]);
  });

  it("names the tenant who asked over HTTP/2, where requests wait for the session", async () => {
    setOutboundAttribution(createRule());
    const service = await startHttp2((headers) => readTenant({ path: "", raw: [], headers }));
    const dispatcher = new undici.Agent({ allowH2: true, connect, connections: 1 });
    const send = async () => (await undici.request(`${service.origin}/`, { dispatcher })).body.text();
    const answers = await sendAll(send);
    await dispatcher.destroy();
    service.stop();
    expect(answers).toEqual(TENANTS);
  });

  it("takes attribution out of a request over HTTP/2 to a host that is not allowed", async () => {
    setOutboundAttribution(createDenyingRule());
    const service = await startHttp2(({ baggage }) => String(baggage));
    const dispatcher = new undici.Agent({ allowH2: true, connect });
    const headers = { baggage: `a=1,${BY_HAND}` };
    const response = await undici.request(`${service.origin}/`, { dispatcher, headers });
    expect(await response.body.text()).toBe("a=1");
    await dispatcher.destroy();
    service.stop();
  });
});
