// Prints what the hooks of node:http and undici cost: npm run bench -- packages/instrumentation/bench/node-http
import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { subscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import http, { type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { TracerProvider } from "@opentelemetry/sdk-trace";
import { ProviderInstrumentation } from "@spancost/instrumentation";
import { OPENAI_CHAT } from "@spancost/llm-wire";
import undici from "undici-8";
import { type Comparison, compare } from "../../../.config/bench/compare.ts";

const PATH = "/v1/chat/completions";
const UNCLAIMED_AIM = 1.01;
const STREAM_AIM = 1.03;
/** Long, so that switching the hooks on and off, and the code compiled anew after it, does not count. */
const SAMPLE_MS = 250;

const provider = fork(new URL("provider/provider-process.ts", import.meta.url), { execArgv: ["--no-warnings"] });
const [address]: AddressInfo[] = await once(provider, "message");
const claimed = `http://127.0.0.1:${address?.port}${PATH}`;
const unclaimed = claimed.replace("127.0.0.1", "localhost");

class BenchInstrumentation extends ProviderInstrumentation {
  constructor() {
    super(
      {
        packageName: "@spancost/instrumentation-bench",
        packageVersion: "0.1.0",
        hosts: ["api.openai.com"],
        formats: [OPENAI_CHAT],
        providerName: () => "openai",
      },
      { baseUrls: [claimed.replace("/chat/completions", "")], enabled: false },
    );
    this.setTracerProvider(new TracerProvider());
  }
}
const instrumentation = new BenchInstrumentation();
let isEnabled = false;

function setEnabled(wanted: boolean): void {
  if (wanted === isEnabled) return;
  isEnabled = wanted;
  if (wanted) instrumentation.enable();
  else instrumentation.disable();
}

/**
 * Channels that come and go make Node compile its clients anew, which would count in one variant only: so they are heard in both.
 * What that costs, a few nanoseconds, counts in neither.
 */
const CHANNELS = ["create", "headers", "bodyChunkReceived", "trailers", "error"].map(
  (name) => `undici:request:${name}`,
);
for (const channel of [...CHANNELS, "http.client.request.created"]) subscribe(channel, () => {});

const agent = new http.Agent({ keepAlive: true });
const JSON_CALL = JSON.stringify({ model: "gpt-4o-mini" });
const STREAM_CALL = JSON.stringify({ model: "gpt-4o-mini", stream: true, stream_options: { include_usage: true } });

function sendHttp(url: string, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const read = (response: IncomingMessage): void => {
      let sizeBytes = 0;
      response.on("data", (chunk: Buffer) => (sizeBytes += chunk.length));
      response.on("end", () => resolve(sizeBytes)).on("error", reject);
    };
    http.request(url, { method: "POST", agent }, read).on("error", reject).end(body);
  });
}

async function sendUndici(url: string, body: string): Promise<number> {
  const response = await undici.request(url, { method: "POST", body });
  let sizeBytes = 0;
  for await (const chunk of response.body) sizeBytes += (chunk as Buffer).length;
  return sizeBytes;
}

type Run = () => Promise<number>;

const COMPARISONS: readonly (readonly [name: string, run: Run, options: Partial<Comparison>])[] = [
  ["node:http, unclaimed host, small JSON", () => sendHttp(unclaimed, JSON_CALL), { aim: UNCLAIMED_AIM }],
  ["undici request, unclaimed host, small JSON", () => sendUndici(unclaimed, JSON_CALL), { aim: UNCLAIMED_AIM }],
  ["node:http, claimed JSON completion", () => sendHttp(claimed, JSON_CALL), {}],
  ["undici request, claimed JSON completion", () => sendUndici(claimed, JSON_CALL), {}],
  ["node:http, claimed 1,000 chunks", () => sendHttp(claimed, STREAM_CALL), { calls: 4, aim: STREAM_AIM }],
  ["undici request, claimed 1,000 chunks", () => sendUndici(claimed, STREAM_CALL), { calls: 4, aim: STREAM_AIM }],
];

const wanted = process.env.BENCH ?? "";
for (const [name, run, options] of COMPARISONS.filter(([one]) => one.includes(wanted))) {
  setEnabled(false);
  const expected = await run();
  setEnabled(true);
  assert.equal(await run(), expected);
  const withHooks = (wish: boolean) => () => {
    setEnabled(wish);
    return run();
  };
  await compare({
    name,
    baseline: withHooks(false),
    candidate: withHooks(true),
    sampleMs: SAMPLE_MS,
    pairs: 100,
    ...options,
  });
}
setEnabled(false);
agent.destroy();
await undici.getGlobalDispatcher().close();
provider.disconnect();
