// Prints what guarding outgoing attribution costs: npm run bench -- packages/instrumentation/bench/outbound
import { fork } from "node:child_process";
import { subscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import http, { type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { type OutboundAttributionRule, setOutboundAttribution } from "@spancost/instrumentation/outbound";
import undici from "undici-8";
import { compare } from "../../../.config/bench/compare.ts";

const UNCLAIMED_AIM = 1.01;
/** Long, so that switching, and the code compiled anew after it, does not count. */
const SAMPLE_MS = 100;
const PAIRS = 100;

const provider = fork(new URL("provider/provider-process.ts", import.meta.url), { execArgv: ["--no-warnings"] });
const [address]: AddressInfo[] = await once(provider, "message");
const denied = `http://127.0.0.1:${address?.port}/`;
const allowed = denied.replace("127.0.0.1", "localhost");
/** Whose context has no attribution, which is what most requests of most apps find. */
const rule: OutboundAttributionRule = {
  allows: (url) => url.startsWith("http://localhost"),
  isOurs: (name) => name === "tenant_id",
  write: () => undefined,
};

// Channels that come and go make Node compile its clients anew, which would count in one variant only: so they are heard in both.
for (const channel of ["undici:request:create", "http.client.request.created"]) subscribe(channel, () => {});

let isGuarded = false;
function setGuarded(wanted: boolean): void {
  if (wanted !== isGuarded) setOutboundAttribution(wanted ? rule : undefined);
  isGuarded = wanted;
}

const agent = new http.Agent({ keepAlive: true });
const headers = { accept: "application/json", "content-type": "application/json", "user-agent": "bench" };

async function sendHttp(url: string): Promise<void> {
  const request = http.get(url, { agent, headers });
  const [response]: IncomingMessage[] = await once(request, "response");
  response?.resume();
  if (response !== undefined) await once(response, "end");
}

const clients = [
  ["node:http", sendHttp],
  ["undici 8", async (url: string) => (await undici.request(url, { headers })).body.text()],
  ["fetch", async (url: string) => (await fetch(url, { headers })).text()],
] as const;

for (const [name, send] of clients) {
  for (const [host, url] of [
    ["not allowed", denied],
    ["allowed, nothing to say", allowed],
  ] as const) {
    await compare({
      name: `${name}, a host that is ${host}`,
      baseline: () => {
        setGuarded(false);
        return send(url);
      },
      candidate: () => {
        setGuarded(true);
        return send(url);
      },
      aim: host === "not allowed" ? UNCLAIMED_AIM : undefined,
      pairs: PAIRS,
      sampleMs: SAMPLE_MS,
    });
  }
}
agent.destroy();
provider.disconnect();
