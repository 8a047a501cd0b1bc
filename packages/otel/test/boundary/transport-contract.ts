import { once } from "node:events";
import { createRequire } from "node:module";
import type nodeHttp from "node:http";
import type { IncomingMessage, RequestListener, Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  AttributionPropagator,
  type AttributionPropagatorOptions,
  AttributionSpanProcessor,
  getAttribution,
  withAttribution,
  withTargetUrl,
} from "../../src/index.ts";
import { KEY } from "./keys.ts";

/** One line of OpenTelemetry JS with its own propagation API and its instrumentations of node:http and undici. */
export interface TransportLine {
  readonly name: string;
  /** Registers context manager, instrumentations and a tracer provider; once. */
  start(processor: AttributionSpanProcessor, isSampled: () => boolean): void;
  /** Replaces the global propagator by ours and the trace context one in the order given. */
  propagate(ours: AttributionPropagator, order: "ours first" | "ours last"): void;
  /** Starts and ends a span in the active context and gives its attributes. */
  markSpan(): Readonly<Record<string, unknown>>;
}

/** What of node:http is used here, as the instrumentation patched it. */
type Http = Pick<typeof nodeHttp, "createServer" | "get">;
type Send = (url: string) => Promise<string>;

const ACME = { tenantId: "acme", userId: "u-17", feature: "chat", task: "import" } as const;
const ORDERS = ["ours first", "ours last"] as const;
const require = createRequire(import.meta.url);
const servers: Server[] = [];

/** What leaves and enters over real connections on every line. */
export function describeTransport(line: TransportLine): void {
  let isSampled = true;
  let http: Http;

  beforeAll(() => {
    line.start(new AttributionSpanProcessor(), () => isSampled);
    // The instrumentation patches the module when it is required after it.
    http = require("node:http") as Http;
  });
  afterEach(() => {
    isSampled = true;
    for (const server of servers.splice(0)) server.close();
  });

  const sendFetch: Send = async (url) => (await fetch(url)).text();
  const sendHttp: Send = (url) =>
    new Promise((resolve, reject) => {
      http.get(url, (response) => void text(response).then(resolve, reject)).on("error", reject);
    });
  const clients = [
    ["fetch", sendFetch],
    ["node:http", sendHttp],
  ] as const;

  const listen = async (listener: RequestListener): Promise<string> => {
    const server = http.createServer(listener).listen(0, "127.0.0.1");
    servers.push(server);
    await once(server, "listening");
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  };
  const record = async (): Promise<{ url: string; requests: IncomingMessage[] }> => {
    const requests: IncomingMessage[] = [];
    const url = await listen((request, response) => {
      requests.push(request);
      response.end("ok");
    });
    return { url, requests };
  };
  const create = (options: AttributionPropagatorOptions, order: (typeof ORDERS)[number] = "ours last"): void =>
    line.propagate(new AttributionPropagator({ signingKeys: [KEY], ...options }), order);

  describe.each(clients)(`${line.name}, %s`, (_client, send) => {
    it.each([true, false])(
      "sends no byte of attribution to a host that is not allowed, sampled: %s",
      async (sampled) => {
        isSampled = sampled;
        create({ loopback: false, hosts: ["allowed.test"] });
        const { url, requests } = await record();
        await withAttribution(ACME, () => send(url), { baggage: true });
        await withAttribution(ACME, () => withTargetUrl(url, () => send(url)));
        const raw = requests.map(({ rawHeaders }) => rawHeaders.join("\n"));
        expect(raw).toHaveLength(2);
        expect(raw.filter((headers) => /acme|u-17|chat|import|tenant_id|baggage|spancost/i.test(headers))).toEqual([]);
        expect(raw.every((headers) => /traceparent\n00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]/.test(headers))).toBe(true);
        expect(raw.every((headers) => headers.includes(sampled ? "-01" : "-00"))).toBe(true);
      },
    );

    it.each(ORDERS)("carries attribution over three hops to the last service's span, %s", async (order) => {
      create({ rejectReplays: true }, order);
      const last = await listen((_request, response) => response.end(JSON.stringify(line.markSpan())));
      const middle = await listen((_request, response) => void send(last).then((body) => response.end(body)));
      const first = await listen((_request, response) => void send(middle).then((body) => response.end(body)));
      const spans = await Promise.all(
        ["acme", "globex", "回答"].map((tenantId) => withAttribution({ ...ACME, tenantId }, () => send(first))),
      );
      expect(spans.map((body) => JSON.parse(body))).toMatchObject(
        ["acme", "globex", "回答"].map((tenant_id) => ({
          tenant_id,
          user_id: "u-17",
          feature: "chat",
          "spancost.task": "import",
        })),
      );
    });

    it("sends it unsampled where the target is told, signed for the span that is sent", async () => {
      isSampled = false;
      create({});
      const url = await listen((_request, response) => response.end(getAttribution().tenantId ?? "nobody"));
      expect(await withAttribution(ACME, () => send(url))).toBe("nobody");
      expect(await withAttribution(ACME, () => withTargetUrl(url, () => send(url)))).toBe("acme");
    });

    it("keeps it out of a redirect from an allowed host to another, sampled or not", async () => {
      const { url, requests } = await record();
      const redirecting = await listen((_request, response) => response.writeHead(302, { location: url }).end());
      create({ loopback: false, hosts: [new URL(redirecting).host] });
      for (const sampled of [true, false]) {
        isSampled = sampled;
        await withAttribution(ACME, () => withTargetUrl(redirecting, () => sendFetch(redirecting)));
      }
      expect(requests).toHaveLength(2);
      expect(requests.map(({ headers }) => headers["baggage"])).toEqual([undefined, undefined]);
    });
  });
}
