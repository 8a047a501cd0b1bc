import { once } from "node:events";
import http2, { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2";
import { text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { context, trace } from "@opentelemetry/api";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { addClaim, removeClaim } from "../../src/claims.ts";
import { hasStreamChannel, patchConnect } from "../../src/hooks/http2/patched-connect.ts";
import { type H2Answer, h2Json, h2Sse, startH2Provider } from "../scripted-h2-provider.ts";
import { CERTIFICATE } from "./node-http-certificate.ts";
import { BODY, EXACT, PATH, REQUEST, SEEN, STREAM, claimProvider } from "./wire-fixture.ts";

const { spans, tracer, claim, attributes } = await claimProvider();
const plain = await startH2Provider();
const secure = await startH2Provider(CERTIFICATE);
const old = connect(plain.origin);
let session: ClientHttp2Session;
afterAll(async () => {
  old.destroy();
  await Promise.all([plain.stop(), secure.stop()]);
});

const h2Claim = { ...claim, baseUrls: [`${plain.origin}/v1`, `${secure.origin}/v1`] };
const claimH2 = () => addClaim(h2Claim);
beforeEach(() => {
  removeClaim(claim);
  plain.script(h2Json(BODY));
  secure.script(h2Json(BODY));
  claimH2();
  session = connect(plain.origin);
  return () => {
    session.destroy();
    removeClaim(h2Claim);
  };
});

const HEADERS = { ":method": "POST", ":path": PATH, "content-type": "application/json" };

function post(on: ClientHttp2Session, headers: Record<string, string> = {}): ClientHttp2Stream {
  const stream = on.request({ ...HEADERS, ...headers });
  stream.end(REQUEST);
  return stream;
}

type Drive = (stream: ClientHttp2Stream, log: unknown[]) => unknown;

/** Everything an app can see of a stream, in order. */
async function observeAsApp(drive: Drive): Promise<unknown[]> {
  const ownSession = connect(plain.origin).on("error", () => {});
  const log: unknown[] = [];
  const stream = ownSession.request(HEADERS);
  for (const name of ["aborted", "end", "trailers", "finish"]) stream.on(name, () => log.push(name));
  stream.on("error", (error) => log.push(["error", error.name, error.message, Reflect.get(error, "code")]));
  stream.on("response", (headers) => log.push(["response", headers[":status"]]));
  drive(stream, log);
  stream.end(REQUEST);
  await once(stream, "close").catch(() => {});
  log.push(stream.rstCode, stream.destroyed, stream.aborted, Object.keys(stream).toSorted());
  ownSession.destroy();
  return log;
}

async function compare(answer: H2Answer, drive: Drive): Promise<void> {
  removeClaim(h2Claim);
  plain.script(answer);
  const bare = await observeAsApp(drive);
  claimH2();
  expect(spans.finished()).toEqual([]);
  expect(await observeAsApp(drive)).toEqual(bare);
}

describe("the hook of node:http2", () => {
  it("leaves streams that nobody claims alone", async () => {
    const [other, elsewhere] = [old.request({ ":path": "/v1/models" }), post(old, { ":path": "/v2/chat/completions" })];
    for (const stream of [other, elsewhere]) {
      await text(stream);
      expect(Object.getOwnPropertyNames(stream)).not.toContain("push");
    }
    expect(spans.finished()).toEqual([]);
  });

  it.runIf(hasStreamChannel(process.versions.node))("sees calls on a session from before it", async () => {
    expect(JSON.parse(await text(post(old)))).toEqual(BODY);
    expect(attributes()).toMatchObject([SEEN]);
  });

  it("sees calls over TLS", async () => {
    const overTls = connect(secure.origin, { ca: CERTIFICATE.cert });
    expect(JSON.parse(await text(post(overTls)))).toEqual(BODY);
    overTls.close();
    expect(attributes()).toMatchObject([SEEN]);
  });

  it("shows the streams of new sessions in a Node that does not tell of them, and then leaves no trace", async () => {
    const original = http2.connect;
    const paths: unknown[] = [];
    const undo = patchConnect(({ headers }) => paths.push(headers[":path"]));
    const patched = http2.connect(plain.origin);
    undo();
    expect(http2.connect).toBe(original);
    await text(post(patched));
    patched.destroy();
    expect(paths).toEqual([PATH]);
    expect(["22.16.0", "22.17.0", "23.11.0", "24.0.2", "24.1.0", "26.0.0"].map(hasStreamChannel)).toEqual([
      false,
      true,
      false,
      false,
      true,
      true,
    ]);
  });

  it.each<[string, Drive]>([
    ["flowing", (stream, log) => stream.on("data", (chunk) => log.push(String(chunk)))],
    ["decoded text", (stream, log) => stream.setEncoding("utf8").on("data", (chunk) => log.push(chunk))],
    ["an iterator", (stream, log) => void text(stream).then((all) => log.push(all))],
    ["nobody", (stream) => stream.resume()],
  ])("sees a stream consumed by %s, and the app sees the same", async (_name, drive) => {
    await compare(h2Sse(STREAM), drive);
    expect(attributes()).toMatchObject([SEEN]);
  });

  it.each<[string, H2Answer, Drive, object]>([
    ["refused", h2Json({}, 429), (stream) => stream.resume(), { "error.type": "429" }],
    [
      "reset before its answer",
      (stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR),
      (stream) => stream.resume(),
      { "error.type": "ERR_HTTP2_STREAM_ERROR" },
    ],
    [
      "reset in its answer",
      (stream, body) => {
        void h2Sse(STREAM.slice(0, 1), { end: false })(stream, body);
        setTimeout(() => stream.destroy(new Error("reset")), 20);
      },
      (stream) => stream.resume(),
      { "error.type": "terminated", "gen_ai.response.model": "m-1" },
    ],
    [
      "cut off in its answer",
      (stream, body) => {
        void h2Sse(STREAM.slice(0, 1), { end: false })(stream, body);
        setTimeout(() => stream.session?.destroy(), 20);
      },
      (stream) => stream.resume(),
      { "gen_ai.response.model": "m-1" },
    ],
    [
      "destroyed before its answer",
      () => {},
      (stream) => setTimeout(() => stream.destroy(), 20),
      { "error.type": "AbortError" },
    ],
    [
      "cancelled in its answer",
      h2Sse(STREAM.slice(0, 1), { end: false }),
      (stream) => stream.once("data", () => stream.close(constants.NGHTTP2_CANCEL)),
      { "gen_ai.response.model": "m-1" },
    ],
    [
      "left in its answer",
      h2Sse(STREAM.slice(0, 1), { end: false }),
      (stream) => stream.once("data", () => stream.destroy()),
      { "gen_ai.response.model": "m-1" },
    ],
  ])("ends a call %s exactly once, and the app sees the same", async (_name, answer, drive, expected) => {
    await compare(answer, drive);
    await spans.waitFor(1);
    expect(attributes()).toMatchObject([{ "gen_ai.request.model": "m", ...expected }]);
  });

  it("reads what is compressed", async () => {
    plain.script((stream) => {
      stream.respond({ ":status": 200, "content-type": "application/json", "content-encoding": "gzip" });
      stream.end(gzipSync(JSON.stringify(BODY)));
    });
    await post(session).resume().toArray();
    await spans.waitFor(1);
    expect(attributes()).toMatchObject([EXACT]);
  });

  it("reads which attempt it is, whatever the case of the header's name", async () => {
    await text(post(session, { "AMZ-SDK-Request": "attempt=2; max=3" }));
    expect(attributes()).toMatchObject([{ "spancost.attempt": 1 }]);
  });

  it("gives the span the context in which the request was made", async () => {
    const parent = tracer.startSpan("parent");
    const stream = context.with(trace.setSpan(context.active(), parent), () => session.request(HEADERS));
    stream.end(REQUEST);
    await text(stream);
    expect(spans.finished()[0]?.parentSpanContext?.spanId).toBe(parent.spanContext().spanId);
  });
});
