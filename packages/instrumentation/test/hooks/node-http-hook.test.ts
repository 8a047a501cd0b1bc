import { once } from "node:events";
import http, { type ClientRequest, type IncomingMessage } from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { PassThrough, pipeline } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { context, createContextKey, trace } from "@opentelemetry/api";
import { describe, expect, it } from "vitest";
import { addClaim, removeClaim } from "../../src/claims.ts";
import { type Answer, json, sse } from "../scripted-provider.ts";
import { CERTIFICATE } from "./node-http-certificate.ts";
import { type Drive, observeAsApp, onResponse, post } from "./node-http-exchange.ts";
import { BODY, EXACT, PATH, REQUEST, STREAM, claimProvider } from "./wire-fixture.ts";

const { provider, spans, tracer, claim, compare } = await claimProvider();

describe("the hook of node:http", () => {
  it("patches nothing and leaves nothing on requests that nobody claims", async () => {
    const { request, get } = http;
    removeClaim(claim);
    const bare = http.get(`${provider.origin}/elsewhere`).on("response", (response) => response.resume());
    await once(bare, "close");
    addClaim(claim);
    expect([http.request, http.get]).toEqual([request, get]);
    for (const url of [`${provider.origin.replace("127.0.0.1", "localhost")}${PATH}`, `${provider.origin}/v1/models`]) {
      const other = http.get(url).on("response", (response) => response.resume());
      expect(Object.getOwnPropertyNames(other).toSorted()).toEqual(Object.getOwnPropertyNames(bare).toSorted());
      await once(other, "close");
    }
    expect(spans.finished()).toEqual([]);
  });

  it("starts the span when the request was made, though its body comes later", async () => {
    const request = http.request(provider.origin + PATH, { method: "POST" });
    const answered = once(request, "response");
    await sleep(20);
    const beforeEndMs = Date.now();
    request.end(REQUEST);
    const [response] = (await answered) as [IncomingMessage];
    await text(response);
    const [seconds, nanos] = spans.finished()[0]?.startTime ?? [Number.NaN, 0];
    expect(seconds * 1_000 + nanos / 1e6).toBeLessThan(beforeEndMs);
  });

  it.each<[string, Drive]>([
    ["flowing", onResponse((response, log) => response.on("data", (chunk: Buffer) => log.push(chunk.toString())))],
    [
      "paused reads",
      onResponse((response, log) =>
        response.on("readable", () => {
          for (let chunk = response.read(); chunk !== null; chunk = response.read()) log.push(String(chunk));
        }),
      ),
    ],
    [
      "decoded text",
      onResponse((response, log) => response.setEncoding("utf8").on("data", (chunk) => log.push(chunk))),
    ],
    ["a pipe", onResponse((response, log) => void text(response.pipe(new PassThrough())).then((all) => log.push(all)))],
    [
      "a pipeline",
      onResponse(
        (response, log) =>
          void text(pipeline(response, new PassThrough(), (error) => log.push(error))).then((all) => log.push(all)),
      ),
    ],
    ["an iterator", onResponse((response, log) => void text(response).then((all) => log.push(all)))],
    ["nobody, with a listener that drains", onResponse((response) => response.resume())],
  ])("sees a stream consumed by %s, and the app sees the same", async (_name, drive) => {
    await compare(sse(STREAM, { paceMs: 5 }), () => observeAsApp(provider.origin, drive));
    expect(spans.finished()).toHaveLength(1);
    expect(spans.finished()[0]?.attributes).toMatchObject({
      ...EXACT,
      "gen_ai.request.model": "m",
      "gen_ai.request.stream": true,
    });
  });

  it("counts a call whose response nobody listens for, with usage unknown: Node throws the bytes away unread", async () => {
    await compare(sse(STREAM), () => observeAsApp(provider.origin, (request) => void request.end(REQUEST)));
    expect(spans.finished()).toHaveLength(1);
    expect(spans.finished()[0]?.attributes).not.toHaveProperty("gen_ai.usage.input_tokens");
  });

  it.each<[string, (request: ClientRequest) => unknown]>([
    ["end", (request) => request.end(REQUEST)],
    [
      "pieces that cut a character",
      (request) => {
        for (const byte of Buffer.from(REQUEST)) request.write(Buffer.of(byte));
        request.end();
      },
    ],
    [
      "pieces with encodings",
      (request) => {
        request.write(Buffer.from(REQUEST.slice(0, 9)).toString("hex"), "hex");
        request.end(Buffer.from(REQUEST.slice(9)).toString("base64"), "base64");
      },
    ],
    [
      "pieces over time",
      (request) => {
        request.write(REQUEST.slice(0, 9));
        setTimeout(() => request.end(REQUEST.slice(9), () => {}), 10);
      },
    ],
    [
      "a pipe",
      (request) => {
        const source = new PassThrough();
        source.pipe(request);
        source.end(REQUEST);
      },
    ],
    [
      "memory that is reused",
      (request) => {
        const memory = Buffer.from(REQUEST);
        request.write(memory, () => {
          memory.fill("x");
          request.end();
        });
      },
    ],
  ])("reads a request written by %s", async (_name, write) => {
    const result = await compare(
      (response, request) => json({ ...BODY, sent: request.headers["content-length"] ?? null })(response, request),
      async () => {
        const request = post(provider.origin);
        write(request);
        const [response] = (await once(request, "response")) as [IncomingMessage];
        return JSON.parse(await text(response));
      },
    );
    expect(result).toMatchObject(BODY);
    expect(spans.finished()[0]?.attributes).toMatchObject({ ...EXACT, "gen_ai.request.model": "m" });
  });

  it.each([
    ["an object", { "X-Stainless-Retry-Count": "2" }],
    ["lists", { "x-stainless-retry-count": ["2"] }],
    [
      "a flat list",
      [
        "Host",
        provider.origin.slice(7),
        "X-Stainless-Retry-Count",
        "2",
        "content-length",
        String(Buffer.byteLength(REQUEST)),
      ],
    ],
  ])("reads headers given as %s", async (_name, headers) => {
    const request = post(provider.origin, { headers: headers as http.OutgoingHttpHeaders }).end(REQUEST);
    const [response] = (await once(request, "response")) as [IncomingMessage];
    await text(response);
    expect(spans.finished()[0]?.attributes).toMatchObject({ ...EXACT, "spancost.attempt": 2 });
  });

  it.each([
    ["gzip", gzipSync],
    ["deflate", deflateSync],
    ["deflate", deflateRawSync],
    ["br", brotliCompressSync],
    ["zstd", zstdCompressSync],
  ])("reads what is compressed with %s, which the app gets untouched", async (encoding, compress) => {
    const compressed = compress(Buffer.from(STREAM.join("")));
    const answer: Answer = (response) => {
      response.writeHead(200, { "content-type": "text/event-stream", "content-encoding": encoding });
      for (const byte of compressed) response.write(Buffer.of(byte));
      response.end();
    };
    const bytes = await compare(answer, async () => {
      const [response] = (await once(post(provider.origin).end(REQUEST), "response")) as [IncomingMessage];
      return buffer(response);
    });
    expect(bytes.equals(compressed)).toBe(true);
    const [span] = await spans.waitFor(1);
    expect(span?.attributes).toMatchObject(EXACT);
  });

  it.each([
    ["bytes that are not what they say", { "content-encoding": "gzip" }],
    ["an encoding that nobody knows", { "content-encoding": "lzma" }],
  ])("ends the span of %s with usage unknown", async (_name, headers) => {
    provider.script(json(BODY, 200, headers));
    const [response] = (await once(post(provider.origin).end(REQUEST), "response")) as [IncomingMessage];
    expect(JSON.parse(await text(response))).toEqual(BODY);
    const [span] = await spans.waitFor(1);
    expect(span?.attributes).not.toHaveProperty("gen_ai.usage.input_tokens");
  });

  it("sees 100-continue, early hints and an upgrade pass", async () => {
    const log = await compare(
      (response) => {
        response.writeContinue();
        response.writeEarlyHints({ link: "</a>; rel=preload" });
        json(BODY)(response, undefined as never);
      },
      () =>
        observeAsApp(
          provider.origin,
          onResponse((response) => response.resume()),
          { headers: { "content-length": Buffer.byteLength(REQUEST) } },
        ),
    );
    expect(log.map((entry) => (Array.isArray(entry) ? entry[0] : entry))).toContain("continue");
    expect(spans.finished()[0]?.attributes).toMatchObject(EXACT);
  });

  it("counts each attempt once on a connection that is kept", async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const attempts = Array.from({ length: 4 }, async () => {
      const [response] = (await once(post(provider.origin, { agent }).end(REQUEST), "response")) as [IncomingMessage];
      return text(response);
    });
    expect(await Promise.all(attempts)).toEqual(Array.from({ length: 4 }, () => JSON.stringify(BODY)));
    agent.destroy();
    expect(spans.finished().map((span) => span.attributes)).toMatchObject([EXACT, EXACT, EXACT, EXACT]);
  });

  it("gives the span the context in which the request was made, not that in which it was written", async () => {
    const parent = tracer.startSpan("parent");
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const request = context.with(trace.setSpan(context.active(), parent), () => post(provider.origin, { agent }));
    request.end(REQUEST);
    const [response] = (await once(request, "response")) as [IncomingMessage];
    await text(response);
    agent.destroy();
    expect(spans.finished()[0]?.parentSpanContext?.spanId).toBe(parent.spanContext().spanId);
  });

  it("sees the calls of a claim that comes after requests to its host", async () => {
    removeClaim(claim);
    const other = { ...claim, baseUrls: [] };
    addClaim(other);
    await text(((await once(post(provider.origin).end(REQUEST), "response")) as [IncomingMessage])[0]);
    addClaim(claim);
    await text(((await once(post(provider.origin).end(REQUEST), "response")) as [IncomingMessage])[0]);
    removeClaim(other);
    expect(spans.finished()).toHaveLength(1);
  });

  it("respects suppressed tracing", async () => {
    const key = createContextKey("OpenTelemetry SDK Context Key SUPPRESS_TRACING");
    const request = context.with(context.active().setValue(key, true), () => post(provider.origin).end(REQUEST));
    const [response] = (await once(request, "response")) as [IncomingMessage];
    await text(response);
    expect(spans.finished()).toEqual([]);
  });

  it("sees a request to its end after it was removed, and none thereafter", async () => {
    provider.script(sse(STREAM, { paceMs: 5 }));
    const request = post(provider.origin).end(REQUEST);
    removeClaim(claim);
    const [response] = (await once(request, "response")) as [IncomingMessage];
    await text(response);
    await text(((await once(post(provider.origin).end(REQUEST), "response")) as [IncomingMessage])[0]);
    expect(spans.finished().map((span) => span.attributes)).toMatchObject([EXACT]);
  });

  it("sees https", async () => {
    const server = https.createServer(CERTIFICATE, (request, response) =>
      request.resume().on("end", () => sse(STREAM)(response, request)),
    );
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    const secure = { ...claim, baseUrls: [`https://localhost:${port}/v1`] };
    addClaim(secure);
    const request = https.request({ host: "localhost", port, path: PATH, method: "POST", ca: CERTIFICATE.cert });
    const [response] = (await once(request.end(REQUEST), "response")) as [IncomingMessage];
    expect(await text(response)).toBe(STREAM.join(""));
    removeClaim(secure);
    server.close();
    server.closeAllConnections();
    expect(spans.finished()[0]?.attributes).toMatchObject({
      ...EXACT,
      "server.address": "localhost",
      "server.port": port,
    });
  });
});
