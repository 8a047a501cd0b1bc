// Prints what the hook of `fetch` costs: npm run bench -- packages/instrumentation
import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { TracerProvider } from "@opentelemetry/sdk-trace";
import { ProviderInstrumentation } from "@spancost/instrumentation";
import { OPENAI_CHAT } from "@spancost/llm-wire";
import OpenAI from "openai";
import { type Comparison, compare } from "../../../.config/bench/compare.ts";

type Fetch = typeof globalThis.fetch;

/** Paths of the provider process. Those under `/asked` are asked for usage in the app's name. */
const COMPLETIONS = "/chat/completions";
const JSON_AIM = 1.01;
const STREAM_AIM = 1.03;
/** Calls a sample: the first hundreds are slower, before their code is compiled. */
const JSON_CALLS = 50;

class BenchInstrumentation extends ProviderInstrumentation {
  constructor(baseUrls: readonly string[], isAsking: boolean) {
    super(
      {
        packageName: "@spancost/instrumentation-bench",
        packageVersion: "0.1.0",
        hosts: [],
        formats: [OPENAI_CHAT],
        providerName: () => "openai",
        asksForUsage: () => isAsking,
      },
      { baseUrls, enabled: false },
    );
    this.setTracerProvider(new TracerProvider());
    this.enable();
  }
}

const provider = fork(new URL("provider/provider-process.ts", import.meta.url), { execArgv: ["--no-warnings"] });
const [address]: AddressInfo[] = await once(provider, "message");
const origin = `http://127.0.0.1:${address?.port}`;
const nativeFetch = globalThis.fetch;
const instrumentations = [
  new BenchInstrumentation([`${origin}/v1`], false),
  new BenchInstrumentation([`${origin}/asked`], true),
];
assert.notEqual(globalThis.fetch, nativeFetch);
let isHooked = true;

/** Takes all hooks out for the bare variant: those below `fetch` would see its requests. Once a sample, not once a call. */
function hook(wanted: boolean): void {
  if (wanted === isHooked) return;
  isHooked = wanted;
  for (const instrumentation of instrumentations) {
    if (wanted) instrumentation.enable();
    else instrumentation.disable();
  }
}

const usageWish = { stream_options: { include_usage: true } };
const request = (body: object) => ({ method: "POST", body: JSON.stringify({ model: "gpt-4o-mini", ...body }) });
const JSON_CALL = request({});
const STREAM_CALL = request({ stream: true, ...usageWish });
const UNASKED_CALL = request({ stream: true });

async function readJson(send: Fetch, url: string): Promise<unknown> {
  return (await send(url, JSON_CALL)).json();
}

async function iterate(send: Fetch, path: string, call: RequestInit): Promise<number> {
  let sizeBytes = 0;
  for await (const chunk of (await send(origin + path + COMPLETIONS, call)).body ?? []) sizeBytes += chunk.length;
  return sizeBytes;
}

async function readChunks(send: Fetch, path: string, call: RequestInit): Promise<number> {
  const reader = (await send(origin + path + COMPLETIONS, call)).body?.getReader();
  let sizeBytes = 0;
  for (;;) {
    const result = await reader?.read();
    if (result?.done !== false) return sizeBytes;
    sizeBytes += result.value.length;
  }
}

async function pipeThrough(send: Fetch, path: string, call: RequestInit): Promise<number> {
  const { body } = await send(origin + path + COMPLETIONS, call);
  let length = 0;
  for await (const text of body?.pipeThrough(new TextDecoderStream()) ?? []) length += text.length;
  return length;
}

async function readWithSdk(send: Fetch, path: string): Promise<string> {
  const client = new OpenAI({ apiKey: "bench", baseURL: origin + path, fetch: send, maxRetries: 0 });
  const stream = await client.chat.completions.create({
    model: "gpt-4o-mini",
    messages: [],
    stream: true,
    ...(path === "/asked" ? {} : usageWish),
  });
  let text = "";
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
  return text;
}

type Run = (send: Fetch) => Promise<unknown>;

function runWith(isOn: boolean, run: Run): Promise<unknown> {
  hook(isOn);
  return run(globalThis.fetch);
}

const COMPARISONS: readonly (readonly [name: string, run: Run, options: Partial<Comparison>])[] = [
  [
    "unclaimed host, small JSON",
    (send) => readJson(send, `${origin.replace("127.0.0.1", "localhost")}/v1${COMPLETIONS}`),
    {},
  ],
  ["claimed host, other path, small JSON", (send) => readJson(send, `${origin}/other`), {}],
  ["claimed JSON completion", (send) => readJson(send, `${origin}/v1${COMPLETIONS}`), {}],
  ["1,000 chunks, iteration", (send) => iterate(send, "/v1", STREAM_CALL), { calls: 1 }],
  ["1,000 chunks, getReader", (send) => readChunks(send, "/v1", STREAM_CALL), { calls: 1 }],
  ["1,000 chunks, pipeThrough", (send) => pipeThrough(send, "/v1", STREAM_CALL), { calls: 1 }],
  ["1,000 chunks, openai", (send) => readWithSdk(send, "/v1"), { calls: 1 }],
  ["1,000 chunks, iteration, unasked usage", (send) => iterate(send, "/asked", UNASKED_CALL), { calls: 1 }],
  ["1,000 chunks, openai, unasked usage", (send) => readWithSdk(send, "/asked"), { calls: 1 }],
];

const wanted = process.env.BENCH ?? "";
for (const [name, run, options] of COMPARISONS.filter(([one]) => one.includes(wanted))) {
  assert.deepEqual(await runWith(true, run), await runWith(false, run));
  const aim = options.calls === undefined ? JSON_AIM : STREAM_AIM;
  await compare({
    name,
    baseline: () => runWith(false, run),
    candidate: () => runWith(true, run),
    aim,
    calls: JSON_CALLS,
    pairs: 120,
    ...options,
  });
}
hook(false);
assert.equal(globalThis.fetch, nativeFetch);
provider.disconnect();
