import { createHash } from "node:crypto";
import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { type AcceptExport, type Authentication, InFlightLimit, OtlpDecodeError } from "../../src/index.ts";
import {
  callGrpc,
  type CallResult,
  startReceivers,
  TAKEN,
  type TestOptions,
  type TestReceivers,
} from "./running-receivers.ts";

const MAX_BODY_BYTES = 1_000_000;
const started: TestReceivers[] = [];

afterEach(() => Promise.all(started.splice(0).map((receivers) => receivers.stop())));

async function start(options: TestOptions = {}): Promise<TestReceivers> {
  const receivers = await startReceivers({ maxBodyBytes: MAX_BODY_BYTES, ...options });
  started.push(receivers);
  return receivers;
}

function errorOf(result: CallResult): ServiceError {
  if ("error" in result) return result.error;
  throw new Error("The call was answered.");
}

const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

describe("a request of traces over gRPC", () => {
  it.each([false, true])("reaches the pipeline as bytes (gzip: %s)", async (gzip) => {
    const { grpcAddress, requests, grpcCounts } = await start();
    const large = Buffer.from(Array.from({ length: 900_000 }, (_, index) => Math.imul(index, 2_654_435_761) >>> 13));
    const bodies = [Buffer.from("small"), Buffer.alloc(0), large];
    for (const body of bodies) {
      expect(await callGrpc(grpcAddress, body, { gzip })).toEqual({ answer: Buffer.alloc(0) });
    }
    expect(requests.map(({ body }) => digest(body))).toEqual(bodies.map(digest));
    expect(requests).toMatchObject(bodies.map(() => ({ encoding: "protobuf", sender: { tenants: null } })));
    expect([...grpcCounts]).toEqual([["OK", 3]]);
  });

  it("is told how many spans were rejected, and why", async () => {
    const { grpcAddress } = await start({ accept: async () => ({ ...TAKEN, rejectedSpans: 2, message: "old" }) });
    const result = await callGrpc(grpcAddress, Buffer.from("x"));
    // partial_success (1), in it rejected_spans (1) and error_message (2).
    expect(result).toEqual({ answer: Buffer.concat([Buffer.from("0a0708021203", "hex"), Buffer.from("old")]) });
  });
});

describe("over gRPC is refused, and the next call is answered,", () => {
  const accept: AcceptExport = async ({ body }) => {
    const text = Buffer.from(body).toString();
    if (text === "damaged") throw new OtlpDecodeError("damaged at byte 3");
    if (text === "broken") throw new Error("at /secret/path");
    if (text === "busy" || text === "unavailable")
      return { ok: false, reason: text, retryAfterSeconds: 7, message: `später \ud800` };
    return TAKEN;
  };
  const bomb = Buffer.alloc(50_000_000);
  const notGzip = Buffer.concat([Buffer.from([0x1f, 0x8b]), Buffer.from("damaged")]);
  const cases: [what: string, body: Buffer, gzip: boolean, code: number, message: RegExp][] = [
    ["a damaged body", Buffer.from("damaged"), true, status.INVALID_ARGUMENT, /damaged at byte 3/],
    ["gzip that is none", notGzip, false, status.INVALID_ARGUMENT, /cannot be unpacked/],
    ["a large message", Buffer.alloc(MAX_BODY_BYTES + 1), false, status.RESOURCE_EXHAUSTED, /larger than max/],
    ["a bomb", bomb, true, status.RESOURCE_EXHAUSTED, /unpacks to more/],
    ["a failure of ours", Buffer.from("broken"), false, status.INTERNAL, /^\S+ INTERNAL: The receiver failed/],
  ];

  it.each(cases)("%s, for good", async (_what, body, gzip, code, message) => {
    const { grpcAddress } = await start({ accept });
    const error = errorOf(await callGrpc(grpcAddress, body, { gzip }));
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
    expect(error.metadata.get("grpc-status-details-bin")).toEqual([]);
    expect(await callGrpc(grpcAddress, Buffer.from("next"))).toHaveProperty("answer");
  });

  it.each([
    ["busy", status.RESOURCE_EXHAUSTED],
    ["unavailable", status.UNAVAILABLE],
  ])("for now, with the time to wait, when the pipeline is %s", async (reason, code) => {
    const { grpcAddress } = await start({ accept });
    const error = errorOf(await callGrpc(grpcAddress, Buffer.from(reason)));
    expect([error.code, error.details]).toEqual([code, "später \ufffd"]);
    const [details] = error.metadata.get("grpc-status-details-bin");
    const type = Buffer.from("type.googleapis.com/google.rpc.RetryInfo").toString("hex");
    const message = Buffer.from("später \ufffd").toString("hex");
    // Status: code (1), message (2), details (3): an Any with RetryInfo { retry_delay { seconds: 7 } }.
    expect(Buffer.from(details ?? "").toString("hex")).toBe(
      `080${code.toString(16)}120b${message}1a300a28${type}12040a020807`,
    );
  });

  it("a service that does not exist", async () => {
    const { grpcAddress } = await start();
    const path = "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export";
    expect(errorOf(await callGrpc(grpcAddress, Buffer.alloc(0), { path })).code).toBe(status.UNIMPLEMENTED);
  });
});

describe("who sends over gRPC", () => {
  const sender = { tenants: null, services: new Set(["shop"]) };
  const authenticate = ({ authorization = "", host = "" }): Authentication => {
    if (authorization === "Bearer shop" && host.startsWith("localhost:")) return { ok: true, sender };
    const reason = authorization === "Bearer admin" ? "forbidden" : "unauthenticated";
    return { ok: false, reason, message: "who are you?" };
  };

  async function callAs(address: string, token: string | null): Promise<number> {
    const client = new Client(address, credentials.createInsecure());
    const keep = (bytes: Buffer): Buffer => bytes;
    const metadata = new Metadata();
    if (token !== null) metadata.set("authorization", `Bearer ${token}`);
    const path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
    const code = await new Promise<number>((resolve) => {
      client.makeUnaryRequest(path, keep, keep, Buffer.alloc(500_000), metadata, (error) => resolve(error?.code ?? 0));
    });
    client.close();
    return code;
  }

  it("reaches the pipeline with what its token is bound to, and nobody else does", async () => {
    const { grpcAddress, requests } = await start({ authenticate });
    expect(await callAs(grpcAddress, null)).toBe(status.UNAUTHENTICATED);
    expect(await callAs(grpcAddress, "admin")).toBe(status.PERMISSION_DENIED);
    expect(requests).toEqual([]);
    expect(await callAs(grpcAddress, "shop")).toBe(status.OK);
    expect(requests).toMatchObject([{ sender }]);
  });
});

describe("metrics and logs over gRPC", () => {
  it.each(["metrics.v1.MetricsService", "logs.v1.LogsService"])("to %s are taken and ignored", async (service) => {
    const { grpcAddress, requests } = await start();
    const path = `/opentelemetry.proto.collector.${service}/Export`;
    expect(await callGrpc(grpcAddress, Buffer.from("anything"), { path, gzip: true })).toEqual({
      answer: Buffer.alloc(0),
    });
    expect(requests).toEqual([]);
  });
});

describe("calls at once over gRPC", () => {
  it("are refused for now when there are too many, HTTP's counted in", async () => {
    const waiting = Promise.withResolvers<typeof TAKEN>();
    const { grpcAddress, httpUrl, inFlight } = await start({
      inFlight: new InFlightLimit(1),
      accept: () => waiting.promise,
    });
    const first = fetch(httpUrl, { method: "POST", headers: { "content-type": "application/json" }, body: "{}" });
    await expect.poll(() => inFlight.current).toBe(1);
    const error = errorOf(await callGrpc(grpcAddress, Buffer.from("x")));
    expect([error.code, error.metadata.get("grpc-status-details-bin")]).toEqual([
      status.RESOURCE_EXHAUSTED,
      [expect.any(Buffer)],
    ]);
    waiting.resolve(TAKEN);
    expect((await first).status).toBe(200);
    expect(await callGrpc(grpcAddress, Buffer.from("x"))).toHaveProperty("answer");
    await expect.poll(() => inFlight.current).toBe(0);
  });

  it("give their place back when the sender gives up", async () => {
    const { grpcAddress, inFlight, grpcCounts } = await start({ accept: () => new Promise(() => {}) });
    const error = errorOf(await callGrpc(grpcAddress, Buffer.from("x"), { deadlineMs: 200 }));
    expect(error.code).toBe(status.DEADLINE_EXCEEDED);
    await expect.poll(() => inFlight.current).toBe(0);
    expect([...grpcCounts]).toEqual([["aborted", 1]]);
  });
});

describe("a gRPC receiver that stops", () => {
  it("finishes the calls under way, and takes no more", async () => {
    const waiting = Promise.withResolvers<typeof TAKEN>();
    const { grpcAddress, grpc, inFlight } = await start({ accept: () => waiting.promise });
    const call = callGrpc(grpcAddress, Buffer.from("x"));
    await expect.poll(() => inFlight.current).toBe(1);
    const stopped = grpc.stop(20_000);
    expect(errorOf(await callGrpc(grpcAddress, Buffer.from("y"))).code).toBe(status.UNAVAILABLE);
    waiting.resolve(TAKEN);
    expect(await call).toHaveProperty("answer");
    await stopped;
  });

  it("cuts what is left after its bound", async () => {
    const { grpcAddress, grpc, inFlight } = await start({ accept: () => new Promise(() => {}) });
    const call = callGrpc(grpcAddress, Buffer.from("x"));
    await expect.poll(() => inFlight.current).toBe(1);
    await grpc.stop(100);
    expect(await call).toHaveProperty("error");
    expect(inFlight.current).toBe(0);
  });
});
