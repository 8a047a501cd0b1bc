import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { InFlightLimit } from "../../src/index.ts";
import { callGrpc, startReceivers, type TestOptions, type TestReceivers, TRACE_PATH } from "./running-receivers.ts";
import { Client, credentials, status } from "@grpc/grpc-js";

const QUICK = { headersTimeoutMs: 200, requestTimeoutMs: 400 } as const;
const HEADERS = "POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf\r\n";
const started: TestReceivers[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(started.splice(0).map((receivers) => receivers.stop()));
});

async function start(options: TestOptions): Promise<TestReceivers> {
  const receivers = await startReceivers(options);
  started.push(receivers);
  return receivers;
}

async function open(address: string): Promise<Socket> {
  const { port } = new URL(address);
  const socket = connect(Number(port), "localhost");
  sockets.push(socket);
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** All that comes until the other side hangs up. */
async function readToEnd(socket: Socket): Promise<string> {
  let text = "";
  socket.on("data", (data) => {
    text += data.toString();
  });
  // What is still sent to a connection that is closed already is answered by a reset: that is no failure.
  await new Promise((resolve) => socket.once("close", resolve));
  return text;
}

/** A byte now and then, for ever. */
function dribble(socket: Socket, byte: string): void {
  const timer = setInterval(() => socket.write(byte), 20);
  socket.once("close", () => clearInterval(timer));
}

describe("over HTTP a sender that", () => {
  it.each([
    ["says nothing", "", ""],
    ["never ends its headers", `${HEADERS}X: `, "x"],
    ["never ends its body", `${HEADERS}Content-Length: 100000\r\n\r\n`, "x"],
    ["never ends its chunks", `${HEADERS}Transfer-Encoding: chunked\r\n\r\n`, "1\r\nx\r\n"],
  ])("%s is cut off, and gives its place back", async (_what, head, byte) => {
    const { httpUrl, inFlight, requests } = await start({ limits: QUICK, inFlight: new InFlightLimit(1) });
    const socket = await open(httpUrl);
    socket.write(head);
    if (byte !== "") dribble(socket, byte);
    expect(await readToEnd(socket)).toMatch(/^HTTP\/1\.1 408/);
    expect([inFlight.current, requests]).toEqual([0, []]);
    const next = await fetch(httpUrl, { method: "POST", headers: { "content-type": "application/json" }, body: "{}" });
    expect(next.status).toBe(200);
  });

  it("hangs up in the middle of a body is forgotten", async () => {
    const { httpUrl, inFlight, httpCounts, requests } = await start({});
    const socket = await open(httpUrl);
    socket.write(`${HEADERS}Content-Length: 100\r\n\r\nhalf`);
    await expect.poll(() => inFlight.current).toBe(1);
    socket.destroy();
    await expect.poll(() => inFlight.current).toBe(0);
    expect([[...httpCounts], requests]).toEqual([[["aborted", 1]], []]);
  });

  it("sends without end is told so", async () => {
    const { httpUrl, requests } = await start({ maxBodyBytes: 100_000 });
    const socket = await open(httpUrl);
    socket.write(`${HEADERS}Transfer-Encoding: chunked\r\n\r\n`);
    const chunk = `10000\r\n${"x".repeat(0x10000)}\r\n`;
    const answer = once(socket, "data");
    for (let sent = 0; sent < 20; sent += 1) socket.write(chunk);
    expect([String((await answer)[0]), requests]).toEqual([expect.stringMatching(/^HTTP\/1\.1 413/), []]);
  });

  it("has too many or too large headers is refused", async () => {
    const { httpUrl } = await start({});
    const socket = await open(httpUrl);
    socket.write(`${HEADERS}X: ${"x".repeat(20_000)}\r\n\r\n`);
    expect(await readToEnd(socket)).toMatch(/^HTTP\/1\.1 431/);
  });
});

describe("more connections than allowed", () => {
  it("are closed over HTTP, and those before go on", async () => {
    const { httpUrl, httpCounts } = await start({ maxConnections: 2 });
    const [first] = [await open(httpUrl), await open(httpUrl)];
    expect(await readToEnd(await open(httpUrl))).toBe("");
    first.write(`${HEADERS}Content-Length: 0\r\n\r\n`);
    expect(String((await once(first, "data"))[0])).toMatch(/^HTTP\/1\.1 200/);
    expect([...httpCounts]).toEqual([
      ["connection-refused", 1],
      ["200", 1],
    ]);
  });

  it("are closed over gRPC", async () => {
    const { grpcAddress, grpcCounts } = await start({ maxConnections: 2 });
    const sender = `http://${grpcAddress}`;
    const kept = [await open(sender), await open(sender)];
    await readToEnd(await open(sender));
    expect(kept.map((socket) => socket.destroyed)).toEqual([false, false]);
    expect([...grpcCounts]).toEqual([["connection-refused", 1]]);
  });
});

describe("over gRPC a sender that", () => {
  it("never ends its message is cut off, and gives its place back", async () => {
    const { grpcAddress, inFlight, requests } = await start({ requestTimeoutMs: 200 });
    const client = new Client(grpcAddress, credentials.createInsecure());
    const keep = (bytes: Buffer): Buffer => bytes;
    const code = await new Promise<number>((resolve) => {
      const call = client.makeClientStreamRequest(TRACE_PATH, keep, keep, (error) => resolve(error?.code ?? 0));
      call.write(Buffer.from("begun"));
    });
    client.close();
    await expect.poll(() => inFlight.current).toBe(0);
    expect([code, requests]).toEqual([status.DEADLINE_EXCEEDED, []]);
    expect(await callGrpc(grpcAddress, Buffer.from("next"))).toHaveProperty("answer");
  });
});
