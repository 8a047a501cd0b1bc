import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { context, createContextKey, trace } from "@opentelemetry/api";
import { OPENAI_CHAT, OPENAI_SPEECH, type WireFormat } from "@spancost/llm-wire";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { addClaim, removeClaim } from "../../src/claims.ts";
import { RELEASED_STREAM_MS } from "../../src/hooks/fetch/open-bodies.ts";
import type { ProviderClaim } from "../../src/calls/provider-claim.ts";
import { event, json, recordSpans, sse, startProvider } from "../scripted-provider.ts";

const nativeFetch = globalThis.fetch;
const provider = await startProvider();
const spans = recordSpans();
const tracer = spans.tracerProvider.getTracer("test");
const failures: string[] = [];
const URL_OF_CALL = `${provider.origin}/v1/chat/completions`;
const CALL = { method: "POST", body: JSON.stringify({ model: "m", stream: true }) };
const BODY = {
  id: "c1",
  model: "m-1",
  choices: [{ finish_reason: "stop" }],
  usage: { prompt_tokens: 3, completion_tokens: 4 },
};
const STREAM = [
  event({ id: "c1", model: "m-1", choices: [] }),
  event({ choices: [], usage: BODY.usage }),
  event("[DONE]"),
];

function createClaim(changes: Partial<ProviderClaim> = {}): ProviderClaim {
  return {
    hosts: [],
    baseUrls: [`${provider.origin}/v1`],
    formats: [OPENAI_CHAT],
    providerName: () => "openai",
    getTracer: () => tracer,
    reportFailure: (where) => void failures.push(where),
    ...changes,
  };
}
const claim = createClaim();

beforeEach(() => {
  spans.reset();
  failures.length = 0;
  provider.script(json(BODY));
  addClaim(claim);
});
afterEach(() => {
  removeClaim(claim);
  expect(globalThis.fetch).toBe(nativeFetch);
});
afterAll(() => provider.stop());

async function readChunks(stream: ReadableStream | null): Promise<string[]> {
  const chunks: string[] = [];
  for await (const chunk of stream ?? []) chunks.push(Buffer.from(chunk).toString());
  return chunks;
}

describe("the hook of fetch", () => {
  it("is there from the first claim to the last and looks like the function it stands for", () => {
    const other = createClaim();
    addClaim(other);
    removeClaim(other);
    expect(globalThis.fetch).not.toBe(nativeFetch);
    expect([globalThis.fetch.name, globalThis.fetch.length]).toEqual([nativeFetch.name, nativeFetch.length]);
  });

  it.each([
    ["another host", () => fetch(provider.origin.replace("127.0.0.1", "localhost"), CALL)],
    ["another path", () => fetch(`${provider.origin}/v10/chat/completions`, CALL)],
    ["another method", () => fetch(URL_OF_CALL)],
    ["another call", () => fetch(`${provider.origin}/v1/models`, CALL)],
    ["something that is no URL", () => fetch("::").catch(() => undefined)],
  ])("leaves %s alone", async (_name, send) => {
    const response = await send();
    expect(Object.getOwnPropertyNames(response ?? {})).not.toContain("json");
    expect(spans.finished()).toEqual([]);
  });

  it.each([
    ["a string", () => fetch(URL_OF_CALL, CALL)],
    ["a string with a query", () => fetch(`${URL_OF_CALL}?api-version=1`, CALL)],
    ["a URL", () => fetch(new URL(URL_OF_CALL), { ...CALL, body: new TextEncoder().encode(CALL.body) })],
    ["a Request", () => fetch(new Request(URL_OF_CALL, CALL))],
  ])("sees a call given as %s", async (_name, send) => {
    expect(await (await send()).json()).toEqual(BODY);
    expect(spans.finished()[0]?.attributes).toMatchObject({
      "gen_ai.response.model": "m-1",
      "gen_ai.usage.output_tokens": 4,
    });
  });

  it("stays under a wrapper that came later and serves again with the next claim, once", async () => {
    const hook = globalThis.fetch;
    const wrapper: typeof fetch = (...args) => hook(...args);
    globalThis.fetch = wrapper;
    removeClaim(claim);
    expect(globalThis.fetch).toBe(wrapper);
    await (await fetch(URL_OF_CALL, CALL)).text();
    expect(spans.finished()).toEqual([]);
    addClaim(claim);
    await (await fetch(URL_OF_CALL, CALL)).text();
    expect(spans.finished()).toHaveLength(1);
    globalThis.fetch = hook;
  });

  it("gives the call's span the app's parent, and is the parent of what happens underneath", async () => {
    removeClaim(claim);
    let underneath: string | undefined;
    const inner: typeof fetch = (...args) => {
      underneath = trace.getActiveSpan()?.spanContext().spanId;
      return nativeFetch(...args);
    };
    globalThis.fetch = inner;
    addClaim(claim);
    const parent = tracer.startSpan("request");
    await context.with(trace.setSpan(context.active(), parent), async () => (await fetch(URL_OF_CALL, CALL)).json());
    removeClaim(claim);
    expect(globalThis.fetch).toBe(inner);
    globalThis.fetch = nativeFetch;
    const [span] = spans.finished();
    expect(span?.parentSpanContext?.spanId).toBe(parent.spanContext().spanId);
    expect(span?.spanContext().spanId).toBe(underneath);
  });

  it("respects suppressed tracing", async () => {
    const key = createContextKey("OpenTelemetry SDK Context Key SUPPRESS_TRACING");
    await context.with(context.active().setValue(key, true), async () => (await fetch(URL_OF_CALL, CALL)).json());
    expect(spans.finished()).toEqual([]);
  });

  it("keeps its own failures from the app and reports them", async () => {
    const broken = () => {
      throw new Error("ours");
    };
    const format: WireFormat = { ...OPENAI_CHAT, readResponse: broken };
    const failing = createClaim({ baseUrls: [`${provider.origin}/broken`], formats: [format] });
    const failingEarly = createClaim({ baseUrls: [`${provider.origin}/early`], providerName: broken });
    addClaim(failing);
    addClaim(failingEarly);
    expect(await (await fetch(`${provider.origin}/broken/chat/completions`, CALL)).json()).toEqual(BODY);
    expect(await (await fetch(`${provider.origin}/early/chat/completions`, CALL)).json()).toEqual(BODY);
    removeClaim(failing);
    removeClaim(failingEarly);
    expect(failures).toEqual(["reading the body", "starting the span"]);
    expect(spans.finished()).toHaveLength(1);
  });

  it.each([
    ["a stand-in for a response", { status: 200, headers: new Headers(), json: async () => BODY }],
    ["a frozen response", Object.freeze(Response.json(BODY))],
    ["nothing", undefined],
  ])("passes on %s and ends the span", async (_name, answer) => {
    removeClaim(claim);
    globalThis.fetch = (async () => answer) as unknown as typeof fetch;
    const mock = globalThis.fetch;
    addClaim(claim);
    expect(await fetch(URL_OF_CALL, CALL)).toBe(answer);
    removeClaim(claim);
    expect(globalThis.fetch).toBe(mock);
    globalThis.fetch = nativeFetch;
    expect(spans.finished()).toHaveLength(1);
  });

  it("reports a base URL that is none and serves the others", () => {
    const bad = createClaim({ baseUrls: ["nowhere", `${provider.origin}/v1`] });
    addClaim(bad);
    removeClaim(bad);
    expect(failures).toEqual(["configuration"]);
  });

  it("passes on the very error of the request", async () => {
    const reason = new Error("changed my mind");
    await expect(fetch(URL_OF_CALL, { ...CALL, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(spans.finished()[0]?.attributes["error.type"]).toBe("Error");
  });
});

describe("a response under the hook", () => {
  it("is the response that the request brought: class, fields and one-time body", async () => {
    const response = await fetch(URL_OF_CALL, CALL);
    expect(response).toBeInstanceOf(Response);
    expect(Object.getPrototypeOf(response)).toBe(Response.prototype);
    expect(Object.keys(response)).toEqual([]);
    expect([response.url, response.status, response.type, response.redirected]).toEqual([
      URL_OF_CALL,
      200,
      "basic",
      false,
    ]);
    expect(response.body).toBeInstanceOf(ReadableStream);
    expect(response.body).toBe(response.body);
    expect(response.bodyUsed).toBe(false);
    expect(await response.json()).toEqual(BODY);
    expect(response.bodyUsed).toBe(true);
    await expect(response.text()).rejects.toThrow(TypeError);
    expect(spans.finished()).toHaveLength(1);
  });

  it.each(["arrayBuffer", "blob", "bytes", "text"] as const)("is read by %s()", async (method) => {
    const response = await fetch(URL_OF_CALL, CALL);
    const text = await new Response(await response[method]()).text();
    expect(JSON.parse(text)).toEqual(BODY);
    const [span] = await spans.waitFor(1);
    expect(span?.attributes["gen_ai.usage.input_tokens"]).toBe(3);
  });

  it.each(["blob", "arrayBuffer"] as const)("is not decoded by %s() where it is sound", async (method) => {
    const speech = createClaim({ formats: [OPENAI_SPEECH] });
    const decode = vi.spyOn(Blob.prototype, "text");
    addClaim(speech);
    provider.script((response) => response.writeHead(200, { "content-type": "audio/mpeg" }).end(Buffer.alloc(9, 0xff)));
    const body = JSON.stringify({ model: "tts-1", input: "four" });
    const response = await fetch(`${provider.origin}/v1/audio/speech`, { method: "POST", body });
    const sound = await response[method]();
    removeClaim(speech);
    expect("size" in sound ? sound.size : sound.byteLength).toBe(9);
    expect(spans.finished().map((span) => span.attributes["gen_ai.request.model"])).toEqual(["tts-1"]);
    expect(decode).not.toHaveBeenCalled();
    decode.mockRestore();
  });

  it("is refused to a second reader as before, while the first goes on", async () => {
    provider.script(sse(STREAM));
    const response = await fetch(URL_OF_CALL, CALL);
    const reader = response.body?.getReader();
    await expect(response.text()).rejects.toThrow(TypeError);
    expect(() => response.clone()).toThrow(TypeError);
    while (!(await reader?.read())?.done);
    expect(spans.finished()[0]?.attributes["gen_ai.usage.output_tokens"]).toBe(4);
  });

  it("has a stream with the chunks of the wire, also for a reader that brings its own buffer", async () => {
    const pieces = STREAM.flatMap((text) => [text.slice(0, 5), text.slice(5)]);
    provider.script(sse(pieces, { paceMs: 15 }));
    expect(await readChunks((await fetch(URL_OF_CALL, CALL)).body)).toEqual(pieces);
    const reader = (await fetch(URL_OF_CALL, CALL)).body?.getReader({ mode: "byob" });
    let text = "";
    for (;;) {
      const result = await reader?.read(new Uint8Array(7));
      text += Buffer.from(result?.value ?? []).toString();
      if (result?.done !== false) break;
    }
    expect(text).toBe(STREAM.join(""));
    expect(spans.finished().map((span) => span.attributes["gen_ai.usage.output_tokens"])).toEqual([4, 4]);
  });

  it("pulls from the wire only when the app reads", async () => {
    provider.script(sse(STREAM, { end: false }));
    const { body } = await fetch(URL_OF_CALL, CALL);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(spans.finished()).toEqual([]);
    await body?.cancel();
    expect(spans.finished()).toHaveLength(1);
  });

  it("ends its span at the format's last event, for apps that do not wait for the end", async () => {
    provider.script(sse(STREAM, { end: false }));
    const reader = (await fetch(URL_OF_CALL, CALL)).body?.getReader();
    let text = "";
    while (!text.includes("[DONE]")) text += Buffer.from((await reader?.read())?.value ?? []).toString();
    expect(spans.finished()[0]?.attributes["gen_ai.usage.output_tokens"]).toBe(4);
    await reader?.cancel();
    expect(spans.finished()).toHaveLength(1);
  });

  it("breaks with the app's own abort reason, and its span ends although nobody is reading", async () => {
    provider.script(sse(STREAM.slice(0, 1), { end: false }));
    const controller = new AbortController();
    const response = await fetch(URL_OF_CALL, { ...CALL, signal: controller.signal });
    const reader = response.body?.getReader();
    await reader?.read();
    const reason = new DOMException("stop", "AbortError");
    controller.abort(reason);
    const [span] = await spans.waitFor(1);
    expect(span?.attributes["gen_ai.response.model"]).toBe("m-1");
    await expect(reader?.read()).rejects.toBe(reason);
  });

  it("counts once when it and its clone are read, or only one of them", async () => {
    const response = await fetch(URL_OF_CALL, CALL);
    const copy = response.clone();
    expect([copy.url, copy.type]).toEqual([response.url, response.type]);
    expect(await copy.json()).toEqual(BODY);
    expect(spans.finished()[0]?.attributes["gen_ai.usage.input_tokens"]).toBe(3);
    expect(await readChunks(response.body)).toEqual([JSON.stringify(BODY)]);
    expect(spans.finished()).toHaveLength(1);
  });

  it("ends its span when the app forgets it", async () => {
    setFlagsFromString("--expose-gc");
    const collect: unknown = runInNewContext("gc");
    provider.script(sse(STREAM.slice(0, 2), { end: false }));
    await fetch(URL_OF_CALL, CALL).then((response) => response.status);
    for (let round = 0; round < 100 && spans.finished().length === 0; round += 1) {
      if (typeof collect === "function") collect();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(spans.finished()).toHaveLength(1);
  });

  it("ends its span some seconds after the app let its stream go, unless it is taken again", async () => {
    provider.script(sse(STREAM.slice(0, 2), { end: false }));
    const [left, taken] = [await fetch(URL_OF_CALL, CALL), await fetch(URL_OF_CALL, CALL)];
    for (const { body } of [left, taken]) {
      const reader = body?.getReader();
      await reader?.read();
      reader?.releaseLock();
    }
    const again = taken.body?.getReader();
    const [span] = await spans.waitFor(1, 2 * RELEASED_STREAM_MS);
    expect(span?.attributes["gen_ai.response.model"]).toBe("m-1");
    expect(spans.finished()).toHaveLength(1);
    await again?.cancel();
    await left.body?.cancel();
    expect(spans.finished()).toHaveLength(2);
  });
});
