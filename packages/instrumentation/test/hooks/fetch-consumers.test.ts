import { Readable } from "node:stream";
import { OPENAI_CHAT, type StreamFilter, type WireFormat } from "@spancost/llm-wire";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { addClaim, removeClaim } from "../../src/claims.ts";
import type { ProviderClaim } from "../../src/calls/provider-claim.ts";
import { type Answer, event, recordSpans, sse, startProvider } from "../scripted-provider.ts";

const nativeFetch = globalThis.fetch;
const provider = await startProvider();
const spans = recordSpans();
/** A scope a test: what one leaves open may end during another. */
let scope = 0;
const USAGE = event({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 4 } });
const HEAD = event({ id: "c1", model: "m-1", choices: [] });
const END = event("[DONE]");
const PACE = { paceMs: 15 };

/** Takes the usage event out, which the scripted provider writes in one go. */
function createUsageFilter(): StreamFilter {
  return {
    write: (bytes) => {
      const text = Buffer.from(bytes).toString();
      return text.includes(USAGE) ? new Uint8Array(Buffer.from(text.replace(USAGE, ""))) : bytes;
    },
    end: () => new Uint8Array(),
  };
}
const ASKING: WireFormat = {
  ...OPENAI_CHAT,
  unaskedUsage: { addTo: (body) => body.replace("{", '{"wish":true,'), createFilter: createUsageFilter },
};
const asking: ProviderClaim = {
  hosts: [],
  baseUrls: [`${provider.origin}/v1`],
  formats: [ASKING],
  providerName: () => "openai",
  getTracer: () => spans.tracerProvider.getTracer(String(scope)),
  reportFailure: (where, error) => expect.fail(`${where}: ${String(error)}`),
  asksForUsage: () => true,
};
const plain: ProviderClaim = { ...asking, formats: [OPENAI_CHAT], asksForUsage: () => false };

/** Sends the usage chunk to those who wish for it. */
const wishfully: Answer = (response, request, body = "") =>
  sse(body.includes("wish") ? [HEAD, USAGE, END] : [HEAD, END], PACE)(response, request, body);
const CALL = { method: "POST", body: JSON.stringify({ model: "m", stream: true }) };
const send = () => fetch(`${provider.origin}/v1/chat/completions`, CALL);

beforeEach(() => {
  spans.reset();
  scope += 1;
});
afterEach(() => {
  removeClaim(plain);
  removeClaim(asking);
  expect(globalThis.fetch).toBe(nativeFetch);
});
afterAll(() => provider.stop());

async function waitForSpan() {
  await expect.poll(() => listSpans().length, { timeout: 3_000 }).toBeGreaterThan(0);
  expect(listSpans()).toHaveLength(1);
  return listSpans()[0];
}

function listSpans() {
  return spans.finished().filter((span) => span.instrumentationScope.name === String(scope));
}

/** As one text: on a busy machine chunks meet on the wire. */
async function collect(chunks: AsyncIterable<Uint8Array> | null): Promise<string> {
  let text = "";
  for await (const chunk of chunks ?? []) text += Buffer.from(chunk).toString();
  return text;
}

async function readAll(reader: ReadableStreamDefaultReader<Uint8Array> | undefined): Promise<string> {
  let text = "";
  for (;;) {
    const result = await reader?.read();
    if (result?.done !== false) return text;
    text += Buffer.from(result.value).toString();
  }
}

async function readByob(stream: ReadableStream | null): Promise<string> {
  const reader = stream?.getReader({ mode: "byob" });
  let text = "";
  for (;;) {
    const result = await reader?.read(new Uint8Array(7));
    text += Buffer.from(result?.value ?? []).toString();
    if (result?.done !== false) return text;
  }
}

function stateOf(response: Response) {
  return { used: response.bodyUsed, locked: response.body?.locked };
}

async function pipeToSink(response: Response) {
  let written = "";
  const sink = new WritableStream<Uint8Array>({ write: (chunk) => void (written += Buffer.from(chunk).toString()) });
  const piping = response.body?.pipeTo(sink);
  const during = stateOf(response);
  const result = await piping;
  return { during, result, after: stateOf(response), written };
}

async function readTee(response: Response) {
  const branches = response.body?.tee() ?? [];
  return { state: stateOf(response), texts: await Promise.all(branches.map(collect)) };
}

async function readTwoAtOnce(response: Response) {
  const reader = response.body?.getReader();
  const results = await Promise.all([reader?.read(), reader?.read(), reader?.read()]);
  return results.map((result) => Buffer.from(result?.value ?? []).toString()).join("") + (await readAll(reader));
}

async function keepAfterBreak(response: Response) {
  let text = "";
  for await (const chunk of response.body?.values({ preventCancel: true }) ?? []) {
    text += Buffer.from(chunk).toString();
    break;
  }
  const between = stateOf(response);
  return [between, text + (await readAll(response.body?.getReader())), stateOf(response)];
}

type Consume = (response: Response) => unknown;
const CONSUMERS: readonly (readonly [name: string, consume: Consume])[] = [
  ["getReader", (response) => readAll(response.body?.getReader())],
  ["a reader with its own buffer", (response) => readByob(response.body)],
  ["two reads at once", readTwoAtOnce],
  ["iteration", (response) => collect(response.body)],
  ["values", (response) => collect(response.body?.values() ?? null)],
  ["iteration that leaves the stream", keepAfterBreak],
  ["text", (response) => response.text()],
  ["json of what is none", (response) => response.json()],
  ["formData of what is none", (response) => response.formData()],
  ["arrayBuffer", async (response) => Buffer.from(await response.arrayBuffer()).toString()],
  ["bytes", async (response) => Buffer.from(await response.bytes()).toString()],
  ["blob", async (response) => [(await response.clone().blob()).type, await (await response.blob()).text()]],
  ["clone", async (response) => [await response.clone().text(), await collect(response.body)]],
  ["clone after a look at the body", async (r) => [r.body?.locked, await collect(r.clone().body), await r.text()]],
  ["text after a look at the body", async (r) => [stateOf(r), await r.text(), stateOf(r)]],
  ["tee", readTee],
  ["pipeTo", pipeToSink],
  ["pipeThrough", (response) => collect(response.body?.pipeThrough(new TransformStream()) ?? null)],
  ["pipeThrough to nothing", (response) => response.body?.pipeThrough({} as ReadableWritablePair)],
  ["pipeTo to nothing", (response) => response.body?.pipeTo({} as WritableStream)],
  ["a new Response", (response) => new Response(response.body).text()],
  ["Readable.fromWeb", (response) => collect(Readable.fromWeb(response.body as never))],
  ["a second reader", (r) => [r.body?.getReader() === undefined, r.body?.getReader()]],
  ["text beside a reader", (r) => [r.body?.getReader() === undefined, r.text()][1]],
  ["cancel beside a reader", (r) => [r.body?.getReader() === undefined, r.body?.cancel()][1]],
  ["transfer", async (r) => collect(structuredClone(r.body, { transfer: [r.body as never] }))],
];
/** Ways whose bytes pass where nobody can see them, and ways that read nothing. */
const UNSEEN = /transfer|nothing|second reader|beside a reader/;
/** Ways that give no chunks of their own, or cannot be kept from what was asked for. */
const UNFILTERED = /transfer/;

async function observe(consume: Consume): Promise<unknown> {
  const response = await send();
  try {
    return { value: await consume(response), ...stateOf(response) };
  } catch (error) {
    return { error: String(error), ...stateOf(response) };
  }
}

describe("a stream under the hook", () => {
  it.each(CONSUMERS)("is the same to the app and seen once: %s", async (name, consume) => {
    provider.script(sse([HEAD, USAGE, END], PACE));
    const without = await observe(consume);
    addClaim(plain);
    expect(await observe(consume)).toEqual(without);
    if (UNSEEN.test(name)) return;
    const span = await waitForSpan();
    const isRead = !/none/.test(name);
    expect(span?.attributes["gen_ai.usage.output_tokens"]).toBe(isRead ? 4 : undefined);
  });

  it.each(CONSUMERS)("hides what was asked for in the app's name: %s", async (name, consume) => {
    provider.script(wishfully);
    const without = await observe(consume);
    addClaim(asking);
    const seen = await observe(consume);
    if (UNFILTERED.test(name)) return;
    expect(seen).toEqual(without);
    if (UNSEEN.test(name)) return;
    const span = await waitForSpan();
    expect(span?.attributes["gen_ai.usage.output_tokens"]).toBe(4);
  });

  it("is the native object with native readers and iterators", async () => {
    provider.script(sse([HEAD, END]));
    const native = await send();
    addClaim(plain);
    const response = await send();
    const [stream, same] = [response.body, response.body];
    expect(stream).toBe(same);
    expect(Object.keys(stream ?? {})).toEqual(Object.keys(native.body ?? {}));
    const reader = stream?.getReader();
    expect(reader).toBeInstanceOf(ReadableStreamDefaultReader);
    expect(Object.getPrototypeOf(stream?.constructor)).toBe(Object.getPrototypeOf(native.body?.constructor));
    reader?.releaseLock();
    const iterator = stream?.values();
    expect(Object.getPrototypeOf(iterator)).toBe(Object.getPrototypeOf(native.body?.values()));
    await iterator?.return?.();
    await waitForSpan();
    await native.body?.cancel().catch(() => {});
  });

  it.each([
    ["ignored", 1, (reading: Promise<unknown> | undefined) => void reading],
    ["handled", 0, (reading: Promise<unknown> | undefined) => void reading?.catch(() => {})],
  ])("rejects a read as often as it did when the rejection is %s", async (_name, times, treat) => {
    const seen: unknown[] = [];
    const others = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection");
    const listener = (error: unknown) => void seen.push(error);
    process.on("unhandledRejection", listener);
    const counts: number[] = [];
    for (const claims of [[], [plain]]) {
      for (const claim of claims) addClaim(claim);
      provider.script(async (response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write(HEAD);
        await new Promise((resolve) => setTimeout(resolve, 20));
        response.destroy();
      });
      const reader = (await send()).body?.getReader();
      await reader?.read();
      treat(reader?.read());
      await new Promise((resolve) => setTimeout(resolve, 60));
      counts.push(seen.splice(0).length);
    }
    process.off("unhandledRejection", listener);
    for (const other of others) process.on("unhandledRejection", other);
    expect(counts).toEqual([times, times]);
    expect((await waitForSpan())?.attributes["error.type"]).toBe("UND_ERR_SOCKET");
  });

  it.each(["/v1/models", "/v1/chat/completions"])(
    "leaves a rejection that the app ignores unhandled on %s",
    async (path) => {
      const seen: unknown[] = [];
      const others = process.listeners("unhandledRejection");
      process.removeAllListeners("unhandledRejection");
      const listener = (error: unknown) => void seen.push(error);
      process.on("unhandledRejection", listener);
      addClaim(plain);
      provider.script((response) => response.destroy());
      void fetch(provider.origin + path, { method: "POST", body: "{}" });
      await new Promise((resolve) => setTimeout(resolve, 60));
      process.off("unhandledRejection", listener);
      for (const other of others) process.on("unhandledRejection", other);
      expect(seen).toHaveLength(1);
    },
  );
});
