import { channel } from "node:diagnostics_channel";
import { PassThrough, Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { context, trace } from "@opentelemetry/api";
import undici5 from "undici-5";
import undici6 from "undici-6";
import undici7 from "undici-7";
import undici8 from "undici-8";
import { describe, expect, it } from "vitest";
import { removeClaim } from "../../src/claims.ts";
import { type Answer, json, sse } from "../scripted-provider.ts";
import { BODY, PATH, REQUEST, SEEN, STREAM, claimProvider } from "./wire-fixture.ts";

const nativeFetch = globalThis.fetch;
const { provider, spans, tracer, claim, compare } = await claimProvider();
const URL_OF_CALL = `${provider.origin}${PATH}`;

/** The last of the majors; what is asked of them is the same in all. */
type Undici = typeof undici8;
const MAJORS: readonly [string, Undici][] = [
  ["5", undici5 as unknown as Undici],
  ["6", undici6 as unknown as Undici],
  ["7", undici7 as unknown as Undici],
  ["8", undici8],
];
const POST = { method: "POST", body: REQUEST, headers: { "content-type": "application/json" } } as const;

describe.each(MAJORS)("the hook of undici, with undici %s", (_major, undici) => {
  it.each<[string, () => Promise<string>]>([
    ["request", async () => (await undici.request(URL_OF_CALL, POST)).body.text()],
    [
      "request with bytes",
      async () => (await undici.request(URL_OF_CALL, { ...POST, body: Buffer.from(REQUEST) })).body.text(),
    ],
    [
      "request with a stream",
      async () => (await undici.request(URL_OF_CALL, { ...POST, body: Readable.from([REQUEST]) })).body.text(),
    ],
    ["fetch", async () => (await undici.fetch(URL_OF_CALL, POST)).text()],
    [
      "stream",
      async () => {
        const sink = new PassThrough();
        const all = text(sink);
        await undici.stream(URL_OF_CALL, POST, () => sink);
        return all;
      },
    ],
    [
      "pipeline",
      async () =>
        text(Readable.from([REQUEST]).pipe(undici.pipeline(URL_OF_CALL, { method: "POST" }, ({ body }) => body))),
    ],
    [
      "a client of its own",
      async () => {
        const client = new undici.Client(provider.origin);
        const answer = await (await client.request({ ...POST, path: PATH })).body.text();
        await client.close();
        return answer;
      },
    ],
  ])("sees its %s, and the app sees the same", async (_name, send) => {
    expect(await compare(sse(STREAM), send)).toBe(STREAM.join(""));
    expect(spans.finished().map((span) => span.attributes)).toMatchObject([SEEN]);
  });

  it.each<[string, Answer, () => Promise<unknown>, object]>([
    [
      "refused",
      json({}, 429),
      async () => (await undici.request(URL_OF_CALL, POST)).body.text(),
      { "error.type": "429" },
    ],
    [
      "cut before its answer",
      (response) => response.destroy(),
      () => undici.request(URL_OF_CALL, POST),
      { "error.type": "UND_ERR_SOCKET" },
    ],
    [
      "cut in its answer",
      (response, request) => {
        void sse(STREAM.slice(0, 1), { end: false })(response, request);
        setTimeout(() => response.destroy(), 10);
      },
      async () => (await undici.request(URL_OF_CALL, POST)).body.text(),
      { "error.type": "UND_ERR_SOCKET", "gen_ai.response.model": "m-1" },
    ],
    ["aborted", () => {}, () => undici.request(URL_OF_CALL, { ...POST, signal: AbortSignal.timeout(20) }), {}],
    [
      "left in its answer",
      sse(STREAM.slice(0, 1), { end: false }),
      async () => {
        const { body } = await undici.request(URL_OF_CALL, POST);
        for await (const chunk of body) return String(chunk);
        return undefined;
      },
      { "gen_ai.response.model": "m-1" },
    ],
  ])("ends a call %s exactly once, and the app sees the same", async (_name, answer, send, attributes) => {
    const describeError = (error: Error) => [error.name, error.message, Reflect.get(error, "code")];
    await compare(answer, () => send().catch(describeError));
    const all = await spans.waitFor(1);
    expect(all.map((span) => span.attributes)).toMatchObject([{ "gen_ai.request.model": "m", ...attributes }]);
  });

  it("reads what is compressed", async () => {
    const compressed = gzipSync(JSON.stringify(BODY));
    provider.script((response) =>
      response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" }).end(compressed),
    );
    const { body } = await undici.request(URL_OF_CALL, POST);
    expect(Buffer.from(await body.arrayBuffer()).equals(compressed)).toBe(true);
    expect((await spans.waitFor(1))[0]?.attributes).toMatchObject(SEEN);
  });

  it("reads which attempt it is", async () => {
    const headers = { "X-Stainless-Retry-Count": "2" };
    await (await undici.request(URL_OF_CALL, { ...POST, headers })).body.text();
    expect(spans.finished()[0]?.attributes["spancost.attempt"]).toBe(2);
  });

  it("leaves requests that nobody claims alone", async () => {
    await (await undici.request(`${provider.origin}/v2/chat/completions`, POST)).body.text();
    await (await undici.request(URL_OF_CALL.replace("127.0.0.1", "localhost"), POST)).body.text();
    expect(spans.finished()).toEqual([]);
  });

  it("gives each span its own caller's context, also when the pool makes them wait", async () => {
    const pool = new undici.Pool(provider.origin, { connections: 1, pipelining: 1 });
    const parents = Array.from({ length: 4 }, (_, index) => tracer.startSpan(`parent ${index}`));
    const sendUnder = (parent: (typeof parents)[number]) =>
      context.with(trace.setSpan(context.active(), parent), async () =>
        (await pool.request({ ...POST, path: PATH })).body.text(),
      );
    await Promise.all(parents.map(sendUnder));
    await pool.close();
    expect(spans.finished().map((span) => span.parentSpanContext?.spanId)).toEqual(
      parents.map((parent) => parent.spanContext().spanId),
    );
  });

  it("gives the span of a fetch that a pool makes wait its caller's context, or none, and never another's", async () => {
    const dispatcher = new undici.Pool(provider.origin, { connections: 1 });
    const parents = Array.from({ length: 6 }, (_, index) => tracer.startSpan(`parent ${index}`));
    const sendUnder = (parent: (typeof parents)[number]) =>
      context.with(trace.setSpan(context.active(), parent), async () =>
        (await undici.fetch(URL_OF_CALL, { ...POST, dispatcher })).text(),
      );
    await Promise.all(parents.map(sendUnder));
    await dispatcher.close();
    expect(spans.finished()).toHaveLength(6);
    for (const [index, span] of spans.finished().entries()) {
      expect([undefined, parents[index]?.spanContext().spanId]).toContain(span.parentSpanContext?.spanId);
    }
  });

  it("sees a request to its end after it was removed, and none thereafter", async () => {
    provider.script(sse(STREAM, { paceMs: 5 }));
    const { body } = await undici.request(URL_OF_CALL, POST);
    removeClaim(claim);
    await body.text();
    await (await undici.request(URL_OF_CALL, POST)).body.text();
    expect(spans.finished().map((span) => span.attributes)).toMatchObject([SEEN]);
  });
});

describe("the hook of undici, with Node's own", () => {
  it("leaves a fetch to the hook of fetch: on new, kept and busy connections", async () => {
    const send = async () => (await fetch(URL_OF_CALL, POST)).text();
    await send();
    await Promise.all(Array.from({ length: 5 }, send));
    await send();
    expect(spans.finished()).toHaveLength(7);
  });

  it.each(MAJORS.slice(0, 3))(
    "leaves it to the hook of fetch also when a pool of undici %s makes it wait",
    async (_major, undici) => {
      const dispatcher = new undici.Pool(provider.origin, { connections: 1 });
      const init = { ...POST, dispatcher } as RequestInit;
      await (await fetch(`${provider.origin}/elsewhere`, init)).text();
      const parents = Array.from({ length: 6 }, (_, index) => tracer.startSpan(`parent ${index}`));
      const sendUnder = (parent: (typeof parents)[number]) =>
        context.with(trace.setSpan(context.active(), parent), async () => (await fetch(URL_OF_CALL, init)).text());
      await Promise.all(parents.map(sendUnder));
      await dispatcher.close();
      expect(spans.finished().map((span) => span.parentSpanContext?.spanId)).toEqual(
        parents.map((parent) => parent.spanContext().spanId),
      );
    },
  );

  it("hears of making requests only, so that no message is written for the chunks of others", async () => {
    await (await undici8.request(URL_OF_CALL, POST)).body.text();
    const heard = ["create", "headers", "bodyChunkReceived", "trailers", "error"].filter(
      (name) => channel(`undici:request:${name}`).hasSubscribers,
    );
    expect(heard).toEqual(["create"]);
  });

  it("sees a fetch that was kept from before", async () => {
    await (await nativeFetch(URL_OF_CALL, POST)).text();
    expect(spans.finished().map((span) => span.attributes)).toMatchObject([SEEN]);
  });
});

describe("the hook of undici, with a version whose requests have other methods", () => {
  const publish = (name: string, message: object): void => channel(`undici:request:${name}`).publish(message);

  it("follows its requests by the channels", () => {
    const request = { origin: provider.origin, path: PATH, method: "POST", headers: [], body: Buffer.from(REQUEST) };
    publish("create", { request });
    publish("headers", { request, response: { statusCode: 200, headers: ["content-type", "text/event-stream"] } });
    for (const chunk of STREAM.slice(0, 2)) publish("bodyChunkReceived", { request, chunk: Buffer.from(chunk) });
    expect(spans.finished()).toEqual([]);
    publish("trailers", { request, trailers: [] });
    expect(spans.finished().map((span) => span.attributes)).toMatchObject([SEEN]);
  });
});
