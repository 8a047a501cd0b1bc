import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer, type TestServer } from "./running-server.ts";

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.stop());

const NOW_NANO = BigInt(Date.now()) * 1_000_000n;

function span(id: number, changes: Record<string, unknown> = {}) {
  return {
    traceId: id.toString(16).padStart(32, "a"),
    spanId: id.toString(16).padStart(16, "b"),
    name: "chat gpt-5-mini",
    kind: 3,
    startTimeUnixNano: String(NOW_NANO),
    endTimeUnixNano: String(NOW_NANO + 5_000_000n),
    attributes: [
      { key: "tenant_id", value: { stringValue: "redelivered" } },
      { key: "gen_ai.operation.name", value: { stringValue: "chat" } },
      { key: "gen_ai.provider.name", value: { stringValue: "openai" } },
      { key: "gen_ai.request.model", value: { stringValue: "gpt-5-mini" } },
      { key: "gen_ai.usage.input_tokens", value: { intValue: String(1000 + id) } },
      { key: "gen_ai.usage.output_tokens", value: { intValue: 10 } },
      { key: "gen_ai.input.messages", value: { stringValue: "a secret prompt" } },
    ],
    ...changes,
  };
}

function body(spans: unknown[]): string {
  const scope = { name: "@opentelemetry/instrumentation-openai", version: "0.22.0" };
  const resource = { attributes: [{ key: "service.name", value: { stringValue: "api" } }] };
  return JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ scope, spans }] }] });
}

describe("the OTLP receiver", () => {
  it("counts a body that comes three times, and cut into other batches, once (opentelemetry-collector#11056, ai-tally#304)", async () => {
    const spans = Array.from({ length: 30 }, (_, id) => span(id + 1));
    for (let times = 0; times < 3; times += 1)
      expect((await server.post(body(spans), "application/json")).status).toBe(200);
    const statement =
      "SELECT count() AS n, sum(input_tokens) AS input, sum(cost) AS cost FROM calls WHERE tenant_id = 'redelivered'";
    const figures = await server.sql(statement);
    // 30 x 1000 + (1 + ... + 30) input tokens at 0.25 USD, 300 output tokens at 2 USD a million.
    expect(figures).toEqual([{ n: "30", input: "30465", cost: "0.00821625" }]);
    for (const batch of [spans.slice(0, 7), spans.slice(3, 20), spans.slice(15).toReversed()]) {
      expect((await server.post(body(batch), "application/json")).status).toBe(200);
    }
    expect(await server.sql(statement)).toEqual(figures);
    expect(
      await server.sql("SELECT sum(calls) AS n, sum(cost) AS cost FROM spend WHERE tenant_id = 'redelivered'"),
    ).toEqual([{ n: "30", cost: "0.00821625" }]);
  });

  it("does not keep prompts", async () => {
    expect(
      await server.sql(
        "SELECT count() AS n FROM otel_traces WHERE arrayExists(v -> position(v, 'secret') > 0, mapValues(SpanAttributes))",
      ),
    ).toEqual([{ n: "0" }]);
    expect(await server.sql("SELECT uniqExact(SpanAttributes['gen_ai.request.model']) AS n FROM otel_traces")).toEqual([
      { n: "1" },
    ]);
  });

  it("takes gzip, and answers in the request's encoding", async () => {
    const response = await fetch(`${server.server.urls.otlp}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/json", "content-encoding": "gzip" },
      body: gzipSync(body([span(900)])),
    });
    expect([response.status, response.headers.get("content-type"), await response.json()]).toEqual([
      200,
      "application/json",
      {},
    ]);
    const empty = await server.post(new Uint8Array(0), "application/x-protobuf");
    expect([empty.status, empty.headers.get("content-type"), await empty.text()]).toEqual([
      200,
      "application/x-protobuf",
      "",
    ]);
  });

  it("rejects spans that can never be stored, by reason, and keeps the others", async () => {
    const spans = [
      span(901),
      span(902, { traceId: "00" }),
      span(903, { spanId: "0".repeat(16) }),
      span(904, { startTimeUnixNano: "5" }),
    ];
    const response = await server.post(body(spans), "application/json");
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      partialSuccess: {
        rejectedSpans: "3",
        errorMessage:
          "3 spans were rejected (bad-trace-id: 1, bad-span-id: 1, time-out-of-window: 1). They will not be accepted later either.",
      },
    });
  });
});

describe("metrics and logs", () => {
  it.each(["/v1/metrics", "/v1/logs"])("on %s are accepted and ignored", async (path) => {
    const response = await fetch(server.server.urls.otlp + path, {
      method: "POST",
      headers: { "content-type": "application/x-protobuf" },
      body: new Uint8Array([1, 2, 3]),
    });
    expect([response.status, await response.text()]).toEqual([200, ""]);
  });
});

describe("the OTLP receiver refuses, and goes on after", () => {
  const zeros = new Uint8Array(64 * 1024 * 1024);
  const bomb = gzipSync(new Uint8Array(256 * 1024 * 1024));
  const cases: [
    what: string,
    init: RequestInit & { headers: Record<string, string> },
    status: number,
    message: RegExp,
  ][] = [
    [
      "a truncated protobuf body",
      protobuf(Buffer.from("0aff7f0a050a0301", "hex")),
      400,
      /damaged at byte 3 of 8: 16383 more bytes were expected, 5 are left/,
    ],
    ["protobuf that is text", protobuf(Buffer.from("hello, this is no protobuf")), 400, /damaged at byte/],
    ["JSON that ends early", json('{"resourceSpans": [{'), 400, /not JSON/],
    ["JSON of another shape", json('{"resourceSpans": {"a": 1}}'), 400, /resourceSpans must be an array/],
    [
      "a wrong content type",
      { method: "POST", headers: { "content-type": "text/plain" }, body: "x" },
      415,
      /text\/plain\\" is not supported; send application\/x-protobuf or application\/json/,
    ],
    ["64 MiB of zeros", protobuf(zeros), 413, /67108864 bytes long; at most 20971520/],
    [
      "a gzip bomb",
      { ...protobuf(bomb), headers: { "content-type": "application/x-protobuf", "content-encoding": "gzip" } },
      413,
      /unpacks to more; at most 20971520/,
    ],
    [
      "gzip that is none",
      { ...json("{}"), headers: { "content-type": "application/json", "content-encoding": "gzip" } },
      400,
      /cannot be unpacked/,
    ],
    [
      "an unknown encoding",
      { ...json("{}"), headers: { "content-type": "application/json", "content-encoding": "br" } },
      415,
      /send gzip or none/,
    ],
    [
      "values that nest without end",
      json(body([span(1, { attributes: [{ key: "a", value: nest(100) }] })])),
      400,
      /nests deeper than 32/,
    ],
  ];

  it.each(cases)("%s", async (_what, init, status, message) => {
    const response = await fetch(`${server.server.urls.otlp}/v1/traces`, init);
    const text = await response.text();
    expect([response.status, text]).toEqual([status, expect.stringMatching(message)]);
    expect((await server.post(body([span(950)]), "application/json")).status).toBe(200);
  });

  it("another path and another method", async () => {
    expect(
      (
        await fetch(`${server.server.urls.otlp}/v1/nothing`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: "{}",
        })
      ).status,
    ).toBe(404);
    expect((await fetch(`${server.server.urls.otlp}/v1/traces`)).status).toBe(405);
  });

  it("a body without end, chunk by chunk", async () => {
    const { hostname, port } = new URL(server.server.urls.otlp);
    const socket = connect(Number(port), hostname);
    socket.on("error", () => {});
    const answer = new Promise<string>((resolve) => {
      let text = "";
      socket.on("data", (data) => {
        text += data.toString();
        resolve(text);
      });
    });
    socket.write(
      "POST /v1/traces HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-protobuf\r\nTransfer-Encoding: chunked\r\n\r\n",
    );
    const chunk = Buffer.alloc(1024 * 1024);
    for (let sent = 0; sent < 30 && !socket.destroyed; sent += 1) {
      socket.write(`${chunk.length.toString(16)}\r\n`);
      socket.write(chunk);
      socket.write("\r\n");
    }
    expect(await answer).toMatch(/^HTTP\/1\.1 413/);
    socket.destroy();
    expect((await server.post(body([span(951)]), "application/json")).status).toBe(200);
  });
});

function protobuf(bytes: Uint8Array): RequestInit & { headers: Record<string, string> } {
  return {
    method: "POST",
    headers: { "content-type": "application/x-protobuf" },
    body: bytes as NonNullable<RequestInit["body"]>,
  };
}

function json(text: string): RequestInit & { headers: Record<string, string> } {
  return { method: "POST", headers: { "content-type": "application/json" }, body: text };
}

function nest(depth: number): unknown {
  return depth === 0 ? { stringValue: "x" } : { arrayValue: { values: [nest(depth - 1)] } };
}
