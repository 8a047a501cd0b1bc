import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { type Authentication, InFlightLimit, OtlpDecodeError } from "../../src/index.ts";
import { startReceivers, TAKEN, type TestOptions, type TestReceivers } from "./running-receivers.ts";

const MAX_BODY_BYTES = 1_000_000;
const started: TestReceivers[] = [];

afterEach(() => Promise.all(started.splice(0).map((receivers) => receivers.stop())));

async function start(options: TestOptions = {}): Promise<TestReceivers> {
  const receivers = await startReceivers({ maxBodyBytes: MAX_BODY_BYTES, ...options });
  started.push(receivers);
  return receivers;
}

interface Sent {
  readonly body?: Uint8Array | string;
  readonly headers?: Record<string, string>;
  readonly method?: string;
}

const PROTOBUF = { "content-type": "application/x-protobuf" };
const JSON_TYPE = { "content-type": "application/json" };

function post(url: string, { body = "", headers = PROTOBUF, method = "POST" }: Sent = {}): Promise<Response> {
  return fetch(url, { method, headers, ...(method === "POST" ? { body: body as BodyInit } : {}) });
}

describe("a request of traces over HTTP", () => {
  it.each([
    ["protobuf", PROTOBUF, "protobuf"],
    ["protobuf by its other name", { "content-type": "application/protobuf; v=1" }, "protobuf"],
    ["JSON", { "content-type": "Application/JSON; charset=utf-8" }, "json"],
  ])("in %s reaches the pipeline as it came", async (_name, headers, encoding) => {
    const { httpUrl, requests } = await start();
    const response = await post(httpUrl, { body: "abc", headers });
    expect(response.status).toBe(200);
    expect(requests).toMatchObject([{ encoding, sender: { tenants: null, services: null } }]);
    expect(Buffer.from(requests[0]?.body ?? "").toString()).toBe("abc");
  });

  it("in gzip reaches the pipeline unpacked, small, large and of several members", async () => {
    const { httpUrl, requests } = await start();
    const large = Buffer.from(Array.from({ length: 900_000 }, (_, index) => (index * index) % 251));
    const noise = Buffer.from(Array.from({ length: 700_000 }, (_, index) => Math.imul(index, 2_654_435_761) >>> 13));
    const bodies = [Buffer.from("small"), large, noise];
    const headers = { ...PROTOBUF, "content-encoding": "gzip" };
    for (const body of bodies) expect((await post(httpUrl, { body: gzipSync(body), headers })).status).toBe(200);
    const members = Buffer.concat([gzipSync("first, "), gzipSync("second")]);
    expect((await post(httpUrl, { body: members, headers })).status).toBe(200);
    const expected = [...bodies, Buffer.from("first, second")];
    expect(requests.map(({ body }, index) => expected[index]?.equals(body))).toEqual([true, true, true, true]);
  });

  it("that comes in chunks is put together", async () => {
    const { httpUrl, requests } = await start();
    const stream = new ReadableStream({
      start(controller) {
        for (const part of ["one ", "two ", "three"]) controller.enqueue(Buffer.from(part));
        controller.close();
      },
    });
    await fetch(httpUrl, { method: "POST", headers: PROTOBUF, body: stream, duplex: "half" } as RequestInit);
    expect(Buffer.from(requests[0]?.body ?? "").toString()).toBe("one two three");
  });
});

describe("an answer over HTTP", () => {
  it("is empty when all was taken, in the request's encoding", async () => {
    const { httpUrl } = await start();
    const [protobuf, json] = [await post(httpUrl), await post(httpUrl, { headers: JSON_TYPE })];
    expect([protobuf.headers.get("content-type"), await protobuf.text()]).toEqual(["application/x-protobuf", ""]);
    expect([json.headers.get("content-type"), await json.text()]).toEqual(["application/json", "{}"]);
  });

  it("tells how many spans were rejected, and why", async () => {
    const { httpUrl } = await start({
      accept: async () => ({ ...TAKEN, rejectedSpans: 300, message: "too old: 300" }),
    });
    expect(await (await post(httpUrl, { headers: JSON_TYPE })).json()).toEqual({
      partialSuccess: { rejectedSpans: "300", errorMessage: "too old: 300" },
    });
    // partial_success (1), in it rejected_spans (1) = 300 as a varint, and error_message (2).
    expect(Buffer.from(await (await post(httpUrl)).arrayBuffer()).toString("hex")).toBe(
      `0a1108ac02120c${Buffer.from("too old: 300").toString("hex")}`,
    );
  });

  it("passes a warning on when nothing was rejected", async () => {
    const { httpUrl } = await start({ accept: async () => ({ ...TAKEN, message: "switch on gzip" }) });
    expect(await (await post(httpUrl, { headers: JSON_TYPE })).json()).toEqual({
      partialSuccess: { rejectedSpans: "0", errorMessage: "switch on gzip" },
    });
  });

  it.each([
    ["busy", 429, 8],
    ["unavailable", 503, 14],
  ] as const)("asks to send again later when the pipeline is %s", async (reason, status, code) => {
    const refusal = { ok: false, reason, retryAfterSeconds: 7, message: "later" } as const;
    const { httpUrl, httpCounts } = await start({ accept: async () => refusal });
    const json = await post(httpUrl, { headers: JSON_TYPE });
    expect([json.status, json.headers.get("retry-after"), await json.json()]).toEqual([
      status,
      "7",
      { code, message: "later" },
    ]);
    const protobuf = Buffer.from(await (await post(httpUrl)).arrayBuffer());
    expect(protobuf.toString("hex")).toBe(`080${code.toString(16)}1205${Buffer.from("later").toString("hex")}`);
    expect([...httpCounts]).toEqual([[String(status), 2]]);
  });

  it("does not show our own failures, which the log does", async () => {
    const { httpUrl, logged } = await start({ accept: () => Promise.reject(new Error("at /secret/path")) });
    const response = await post(httpUrl, { headers: JSON_TYPE });
    expect([response.status, await response.text(), logged]).toEqual([
      500,
      expect.not.stringContaining("/secret/path"),
      ["an OTLP/HTTP request failed"],
    ]);
  });
});

describe("over HTTP is refused, and the connection goes on", () => {
  const gzip = { ...JSON_TYPE, "content-encoding": "gzip" };
  const damaged = () => Promise.reject(new OtlpDecodeError("damaged at byte 3"));
  const cases: [what: string, sent: Sent, status: number, message: RegExp, options?: TestOptions][] = [
    ["a damaged body", { headers: JSON_TYPE }, 400, /damaged at byte 3/, { accept: damaged }],
    ["gzip that is none", { headers: gzip, body: "nothing" }, 400, /announced as gzip but cannot be unpacked/],
    [
      "gzip that ends early",
      { headers: gzip, body: gzipSync("x".repeat(99)).subarray(0, 20) },
      400,
      /cannot be unpacked/,
    ],
    ["another method", { method: "GET", headers: JSON_TYPE }, 405, /GET is not supported/],
    ["another encoding", { headers: { ...JSON_TYPE, "content-encoding": "br" } }, 415, /send gzip or none/],
    ["another type", { headers: { "content-type": "text/plain" } }, 415, /send application\/x-protobuf/],
    ["a large body", { headers: JSON_TYPE, body: Buffer.alloc(MAX_BODY_BYTES + 1) }, 413, /is 1000001 bytes long/],
    ["a bomb", { headers: gzip, body: gzipSync(Buffer.alloc(200_000_000)) }, 413, /unpacks to more/],
  ];

  it.each(cases)("%s", async (_what, sent, status, message, options = {}) => {
    const { httpUrl, requests } = await start(options);
    const response = await post(httpUrl, sent);
    const text = await response.text();
    expect([response.status, text]).toEqual([status, expect.stringMatching(message)]);
    expect(JSON.parse(text)).toEqual({ code: expect.any(Number), message: expect.any(String) });
    const taken = requests.length;
    await post(httpUrl, { body: "next" });
    expect(requests).toHaveLength(taken + 1);
  });

  it("another path", async () => {
    const { httpUrl } = await start();
    expect((await post(httpUrl.replace("/v1/traces", "/v1/nothing"))).status).toBe(404);
    expect((await post(`${httpUrl}?a=b`)).status).toBe(200);
  });

  it.each([
    ["a bomb of many members", Array.from({ length: 40 }, () => gzipSync(Buffer.alloc(100_000)))],
    [
      "very many members of nothing, and one more than fits",
      [...emptyMembers(10_000), gzipSync(Buffer.alloc(1_000_001))],
    ],
    ["a bomb whose trailer says 5 bytes", [forgeSize(gzipSync(Buffer.alloc(50_000_000)), 5)]],
  ])("%s, without being unpacked to its end", async (_what, members) => {
    const { httpUrl, requests } = await start();
    const response = await post(httpUrl, { headers: gzip, body: Buffer.concat(members) });
    expect([response.status, requests]).toEqual([413, []]);
  });

  it("takes a body of exactly the largest size, packed or not", async () => {
    const { httpUrl, requests } = await start();
    const body = Buffer.alloc(MAX_BODY_BYTES, 7);
    expect((await post(httpUrl, { body })).status).toBe(200);
    expect((await post(httpUrl, { body: gzipSync(body), headers: gzip })).status).toBe(200);
    expect(requests.map((request) => request.body.length)).toEqual([MAX_BODY_BYTES, MAX_BODY_BYTES]);
  });
});

describe("who sends over HTTP", () => {
  const sender = { tenants: new Set(["acme"]), services: null };
  const authenticate = ({ authorization = "" }): Authentication => {
    if (authorization === "Bearer acme") return { ok: true, sender };
    const reason = authorization === "Bearer admin" ? "forbidden" : "unauthenticated";
    return { ok: false, reason, message: "who are you?" };
  };

  it("reaches the pipeline with what its token is bound to", async () => {
    const { httpUrl, requests } = await start({ authenticate });
    await post(httpUrl, { headers: { ...PROTOBUF, authorization: "Bearer acme" } });
    expect(requests).toMatchObject([{ sender }]);
  });

  it("is refused without a token, and with one that may not send", async () => {
    const { httpUrl, requests } = await start({ authenticate });
    const unknown = await post(httpUrl, { headers: JSON_TYPE });
    expect([unknown.status, unknown.headers.get("www-authenticate"), await unknown.json()]).toEqual([
      401,
      "Bearer",
      { code: 16, message: "who are you?" },
    ]);
    expect((await post(httpUrl, { headers: { ...JSON_TYPE, authorization: "Bearer admin" } })).status).toBe(403);
    expect(requests).toEqual([]);
  });
});

describe("metrics and logs over HTTP", () => {
  it.each(["/v1/metrics", "/v1/logs"])("on %s are taken and ignored", async (path) => {
    const { httpUrl, requests } = await start();
    const response = await post(httpUrl.replace("/v1/traces", path), { body: "anything" });
    expect([response.status, await response.text(), requests]).toEqual([200, "", []]);
  });
});

describe("requests at once over HTTP", () => {
  it("are refused for now when there are too many, and taken again after", async () => {
    const waiting = Promise.withResolvers<typeof TAKEN>();
    const entered = Promise.withResolvers<void>();
    const accept = (): Promise<typeof TAKEN> => {
      entered.resolve();
      return waiting.promise;
    };
    const { httpUrl, inFlight } = await start({ inFlight: new InFlightLimit(1), accept });
    const first = post(httpUrl);
    await entered.promise;
    const second = await post(httpUrl, { headers: JSON_TYPE });
    expect([second.status, second.headers.get("retry-after"), await second.json()]).toEqual([
      429,
      "1",
      { code: 8, message: expect.stringContaining("SPANCOST_MAX_CONCURRENT_REQUESTS") },
    ]);
    waiting.resolve(TAKEN);
    expect((await first).status).toBe(200);
    expect((await post(httpUrl)).status).toBe(200);
    expect(inFlight.current).toBe(0);
  });
});

function* emptyMembers(count: number): Generator<Buffer> {
  const member = gzipSync("");
  for (let made = 0; made < count; made += 1) yield member;
}

/** The trailer's size, which is only a claim. */
function forgeSize(packed: Buffer, claimed: number): Buffer {
  packed.writeUInt32LE(claimed, packed.length - 4);
  return packed;
}
