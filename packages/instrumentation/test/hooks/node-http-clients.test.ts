import type nodeHttp from "node:http";
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import Anthropic from "@anthropic-ai/sdk-0";
import { context, trace } from "@opentelemetry/api";
import { HttpInstrumentation } from "@opentelemetry/instrumentation-http";
import { ANTHROPIC_MESSAGES } from "@spancost/llm-wire";
import axios from "axios";
import followRedirects from "follow-redirects";
import got from "got";
import Groq from "groq-sdk-0";
import nodeFetch from "node-fetch";
import OpenAI from "openai-4";
import { describe, expect, it } from "vitest";
import { addClaim, removeClaim } from "../../src/claims.ts";
import { type Answer, event, json, sse } from "../scripted-provider.ts";
import { BODY, EXACT, PATH, REQUEST, SEEN, STREAM, claimProvider } from "./wire-fixture.ts";

const { provider, spans, tracer, claim, compare, attributes } = await claimProvider();
const URL_OF_CALL = `${provider.origin}${PATH}`;
const POST = { method: "POST", headers: { "content-type": "application/json" }, body: REQUEST };
const CHAT = { model: "m", messages: [{ role: "user" as const, content: "Hello." }] };

const gzipped: Answer = (response) =>
  response
    .writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" })
    .end(gzipSync(JSON.stringify(BODY)));

async function readAll(stream: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const item of stream) all.push(item);
  return all;
}

const openai = () => new OpenAI({ baseURL: `${provider.origin}/v1`, apiKey: "none", maxRetries: 2 });
const groq = () => new Groq({ baseURL: provider.origin, apiKey: "none" });

describe("clients of node:http", () => {
  it.each<[string, Answer, () => Promise<unknown>]>([
    ["node-fetch", json(BODY), async () => (await nodeFetch(URL_OF_CALL, POST)).json()],
    ["node-fetch, compressed", gzipped, async () => (await nodeFetch(URL_OF_CALL, POST)).json()],
    ["node-fetch, streamed", sse(STREAM), async () => text((await nodeFetch(URL_OF_CALL, POST)).body)],
    ["axios", json(BODY), async () => (await axios.post(URL_OF_CALL, JSON.parse(REQUEST))).data],
    ["axios, compressed", gzipped, async () => (await axios.post(URL_OF_CALL, JSON.parse(REQUEST))).data],
    [
      "axios, streamed",
      sse(STREAM),
      async () => text((await axios.post(URL_OF_CALL, JSON.parse(REQUEST), { responseType: "stream" })).data),
    ],
    ["got", json(BODY), () => got.post(URL_OF_CALL, { json: JSON.parse(REQUEST) }).json()],
    ["got, compressed", gzipped, () => got.post(URL_OF_CALL, { json: JSON.parse(REQUEST) }).json()],
    ["got, streamed", sse(STREAM), () => text(got.stream.post(URL_OF_CALL, { json: JSON.parse(REQUEST) }))],
    ["openai 4", json(BODY), () => openai().chat.completions.create(CHAT)],
    ["openai 4, compressed", gzipped, () => openai().chat.completions.create(CHAT)],
    [
      "openai 4, streamed",
      sse(STREAM),
      async () => readAll(await openai().chat.completions.create({ ...CHAT, stream: true })),
    ],
    ["openai 4, raw", json(BODY), async () => (await openai().chat.completions.create(CHAT).asResponse()).text()],
    [
      "follow-redirects",
      json(BODY),
      () =>
        new Promise((resolve, reject) => {
          const request = followRedirects.http.request(URL_OF_CALL, { method: "POST" }, (response) =>
            resolve(text(response)),
          );
          request.on("error", reject).end(REQUEST);
        }),
    ],
  ])("%s: the call is seen, and the app sees the same", async (_name, answer, send) => {
    await compare(answer, send);
    await spans.waitFor(1);
    expect(attributes()).toMatchObject([SEEN]);
  });

  it("groq-sdk 0.37: the call is seen, and the app sees the same", async () => {
    const groqClaim = { ...claim, baseUrls: [`${provider.origin}/openai/v1`] };
    const send = async () => readAll(await groq().chat.completions.create({ ...CHAT, stream: true }));
    provider.script(sse(STREAM));
    const bare = await send();
    addClaim(groqClaim);
    expect(await send()).toEqual(bare);
    removeClaim(groqClaim);
    expect(attributes()).toMatchObject([SEEN]);
  });

  it("@anthropic-ai/sdk 0.20: the call is seen, and the app sees the same", async () => {
    const usage = { input_tokens: 3, output_tokens: 1 };
    const events = [
      event({ type: "message_start", message: { id: "c1", model: "m-1", usage } }, "message_start"),
      event(
        { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 4 } },
        "message_delta",
      ),
      event({ type: "message_stop" }, "message_stop"),
    ];
    provider.script(sse(events));
    const send = async () => {
      const client = new Anthropic({ baseURL: provider.origin, apiKey: "none" });
      return readAll(await client.messages.create({ ...CHAT, max_tokens: 9, stream: true }));
    };
    removeClaim(claim);
    const bare = await send();
    const anthropicClaim = { ...claim, formats: [ANTHROPIC_MESSAGES] };
    addClaim(anthropicClaim);
    expect(await send()).toEqual(bare);
    removeClaim(anthropicClaim);
    expect(attributes()).toMatchObject([SEEN]);
  });

  it("numbers the attempts that an SDK makes", async () => {
    provider.script(json({}, 429, { "retry-after-ms": "1" }), json({}, 500, { "retry-after-ms": "1" }), json(BODY));
    await openai().chat.completions.create(CHAT);
    expect(attributes()).toMatchObject([
      { "spancost.attempt": 0, "error.type": "429" },
      { "spancost.attempt": 1, "error.type": "500" },
      { "spancost.attempt": 2, ...EXACT },
    ]);
  });

  it("sees a stream that an SDK's caller leaves", async () => {
    const stop = async () => {
      const stream = await openai().chat.completions.create({ ...CHAT, stream: true });
      for await (const chunk of stream) return chunk;
      return undefined;
    };
    await compare(sse(STREAM.slice(0, 1), { end: false }), stop);
    await spans.waitFor(1);
    expect(attributes()).toMatchObject([{ "gen_ai.request.model": "m", "gen_ai.response.model": "m-1" }]);
    expect(attributes()[0]).not.toHaveProperty("error.type");
  });
});

const instrumentation = new HttpInstrumentation({ enabled: false, disableIncomingRequestInstrumentation: true });
instrumentation.setTracerProvider(spans.tracerProvider);

describe.each([
  ["before", true],
  ["after", false],
])("@opentelemetry/instrumentation-http, enabled %s ours", (_order, isFirst) => {
  it("has its spans, with its context, and ours are in the same trace", async () => {
    removeClaim(claim);
    if (isFirst) instrumentation.enable();
    addClaim(claim);
    if (!isFirst) instrumentation.enable();
    // Patched when it is asked for, in place.
    const http: typeof nodeHttp = createRequire(import.meta.url)("node:http");
    const parent = tracer.startSpan("parent");
    const send = () =>
      new Promise<string>((resolve, reject) => {
        const request = http.request(URL_OF_CALL, { method: "POST" }, (response) => resolve(text(response)));
        request.on("error", reject).end(REQUEST);
      });
    expect(JSON.parse(await context.with(trace.setSpan(context.active(), parent), send))).toEqual(BODY);
    if (isFirst) instrumentation.disable();
    removeClaim(claim);
    if (!isFirst) instrumentation.disable();
    expect(JSON.parse(await send())).toEqual(BODY);
    const [call, request] = spans.finished();
    expect(spans.finished()).toHaveLength(2);
    expect(request?.instrumentationScope.name).toBe("@opentelemetry/instrumentation-http");
    expect(request?.parentSpanContext?.spanId).toBe(parent.spanContext().spanId);
    expect(call?.attributes).toMatchObject(SEEN);
    expect(call?.parentSpanContext?.spanId).toBe(request?.spanContext().spanId);
  });
});
