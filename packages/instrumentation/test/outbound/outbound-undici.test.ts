import { createSecureServer } from "node:http2";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import * as undici6 from "undici-6";
import * as undici7 from "undici-7";
import * as undici8 from "undici-8";
import { withAttribution } from "../../../otel/src/index.ts";
import { setOutboundAttribution } from "../../src/outbound/set-outbound-attribution.ts";
import { CERTIFICATE } from "../hooks/node-http-certificate.ts";
import { BY_HAND, createDenyingRule, createRule, readTenant, startApp } from "./outbound-app.ts";
import { startService, stopServices } from "./services.ts";

const app = startApp();
const TENANTS = ["acme", "globex", "initech"];
const VERSIONS = [
  ["6", undici6],
  ["7", undici7],
  ["8", undici8],
] as const;

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
    const answers = await sendAll(async () =>
      (await undici.request(`${origin}/`, { dispatcher: dispatcher as never })).body.text(),
    );
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
    const answers = await sendAll(async () =>
      (await undici.fetch(`${origin}/`, { dispatcher: dispatcher as never })).text(),
    );
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
    const send = async () =>
      (await undici.request(`${service.origin}/`, { dispatcher: dispatcher as never })).body.text();
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
    const response = await undici.request(`${service.origin}/`, { dispatcher: dispatcher as never, headers });
    expect(await response.body.text()).toBe("a=1");
    await dispatcher.destroy();
    service.stop();
  });
});
