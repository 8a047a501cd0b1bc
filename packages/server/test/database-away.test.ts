import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EmbeddedEngine, startEmbeddedEngine } from "@spancost/clickhouse";
import { afterAll, beforeAll, expect, it } from "vitest";
import { loadConfig, type RunningServer, startServer } from "../src/index.ts";
import { callsBody } from "./calls-body.ts";
import { waitUntilInserted } from "./wait-until-inserted.ts";

let dir: string;
let engine: EmbeddedEngine;
let port: number;
let door: Server | undefined;
const sockets = new Set<Socket>();

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "spancost-test-"));
  engine = await startEmbeddedEngine({ dataDir: join(dir, "database") });
  port = await openDoor(0);
  await closeDoor();
});

afterAll(async () => {
  await closeDoor();
  await engine.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** Makes the engine a server that is reached over TCP. */
async function openDoor(at: number): Promise<number> {
  const opened = createServer((socket) => {
    const inner = connect(engine.socketPath);
    socket.pipe(inner).pipe(socket);
    for (const each of [socket, inner]) {
      sockets.add(each);
      each.on("error", () => {}).on("close", () => sockets.delete(each));
    }
  });
  await new Promise<void>((resolve) => opened.listen(at, "127.0.0.1", resolve));
  door = opened;
  return (opened.address() as AddressInfo).port;
}

async function closeDoor(): Promise<void> {
  const closing = door;
  door = undefined;
  if (closing === undefined) return;
  const closed = new Promise((resolve) => closing.close(resolve));
  for (const socket of sockets) socket.destroy();
  await closed;
}

function start(): Promise<RunningServer> {
  const ports = { port: "0", otlpHttpPort: "0", otlpGrpcPort: "0", sqlPort: "0" };
  const clickhouseUrl = `http://127.0.0.1:${port}`;
  return startServer(loadConfig({}, { data: join(dir, "receiver"), clickhouseUrl, logLevel: "silent", ...ports }));
}

async function post(server: RunningServer, id: number): Promise<number> {
  const response = await fetch(`${server.urls.otlp}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: callsBody(id),
  });
  return response.status;
}

function askSql(server: RunningServer, body: string): Promise<Response> {
  return fetch(`${server.urls.api}/api/v1/sql?format=TSV`, { method: "POST", body });
}

async function count(server: RunningServer): Promise<string> {
  return (await askSql(server, "SELECT count(), uniqExact(span_id) FROM calls")).text();
}

it("a database that is away at the start, comes, goes and comes again costs no span and doubles none", async () => {
  let server = await start();
  expect([await post(server, 1), await post(server, 2)]).toEqual([200, 200]);
  expect((await fetch(`${server.urls.api}/readyz`)).status).toBe(503);
  expect(await (await fetch(`${server.urls.api}/metrics`)).text()).toMatch(/^spancost_spool_segments 2$/m);
  await server.stop();

  server = await start();
  expect(await post(server, 3)).toBe(200);
  await openDoor(port);
  await waitUntilInserted(server.urls.api);
  expect([await count(server), (await fetch(`${server.urls.api}/readyz`)).status]).toEqual(["3\t3\n", 200]);

  await closeDoor();
  expect([await post(server, 4), await post(server, 2)]).toEqual([200, 200]);
  for (const question of [fetch(`${server.urls.api}/api/v1/spend`), askSql(server, "SELECT 1")]) {
    const refused = await question;
    expect([refused.status, refused.headers.get("retry-after"), await refused.json()]).toEqual([
      503,
      "5",
      { error: { code: "database-away", message: expect.stringContaining("Ask again") } },
    ]);
  }
  await openDoor(port);
  await waitUntilInserted(server.urls.api);
  expect(await count(server)).toBe("4\t4\n");
  expect((await askSql(server, "SELECT toUInt8(tenant_id) FROM calls")).status).toBe(422);
  await server.stop();
});
