import { request, type RequestOptions } from "node:https";
import { credentials, status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { CERTIFICATE, OTHER_CERTIFICATE } from "./certificate.ts";
import { callGrpc, startReceivers, type TestReceivers } from "./running-receivers.ts";

const started: TestReceivers[] = [];

afterEach(() => Promise.all(started.splice(0).map((receivers) => receivers.stop())));

async function start(clientCa: Buffer | null): Promise<TestReceivers> {
  const identity = { cert: Buffer.from(CERTIFICATE.cert), key: Buffer.from(CERTIFICATE.key) };
  const receivers = await startReceivers({ tls: { ...identity, clientCa } });
  started.push(receivers);
  return receivers;
}

/** The status of a request over HTTPS, or the code of what went wrong. */
function post(url: string, options: RequestOptions): Promise<number | string> {
  return new Promise((resolve) => {
    const headers = { "content-type": "application/json" };
    const sent = request(url, { method: "POST", headers, ...options }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message)).end("{}");
  });
}

const ca = CERTIFICATE.cert;
const caBytes = Buffer.from(ca);

async function grpcCode(address: string, own?: { readonly key: string; readonly cert: string }): Promise<number> {
  const pair = own === undefined ? [] : [Buffer.from(own.key), Buffer.from(own.cert)];
  const channel = credentials.createSsl(caBytes, ...pair);
  const result = await callGrpc(address, Buffer.from("{}"), { channel, gzip: true });
  return "error" in result ? result.error.code : status.OK;
}

describe("with TLS", () => {
  it("the receivers show their certificate", async () => {
    const { httpUrl, grpcAddress, requests } = await start(null);
    expect(await post(httpUrl, { ca })).toBe(200);
    expect(await grpcCode(grpcAddress)).toBe(status.OK);
    expect(requests).toHaveLength(2);
    expect(await post(httpUrl, { ca: OTHER_CERTIFICATE.cert })).toBe("DEPTH_ZERO_SELF_SIGNED_CERT");
  });

  it("nobody is heard in plain text", async () => {
    const { httpUrl, grpcAddress, requests } = await start(null);
    const plain = fetch(httpUrl.replace("https:", "http:"), { method: "POST", body: "{}" });
    await expect(plain).rejects.toThrow("fetch failed");
    expect(await callGrpc(grpcAddress, Buffer.from("{}"), { deadlineMs: 2_000 })).toHaveProperty("error");
    expect(requests).toEqual([]);
  });

  it("and an authority for clients, only those with its certificate get in", async () => {
    const { httpUrl, grpcAddress, requests } = await start(caBytes);
    expect(await post(httpUrl, { ca, ...CERTIFICATE })).toBe(200);
    expect(await grpcCode(grpcAddress, CERTIFICATE)).toBe(status.OK);
    expect(requests).toHaveLength(2);
    expect(await post(httpUrl, { ca })).toBeTypeOf("string");
    expect(await post(httpUrl, { ca, ...OTHER_CERTIFICATE })).toBeTypeOf("string");
    expect(await grpcCode(grpcAddress)).toBe(status.UNAVAILABLE);
    expect(await grpcCode(grpcAddress, OTHER_CERTIFICATE)).toBe(status.UNAVAILABLE);
    expect(requests).toHaveLength(2);
  });
});
