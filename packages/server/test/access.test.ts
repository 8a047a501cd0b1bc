import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer, type TestServer } from "./running-server.ts";

const TOKEN = "a-secret-of-the-tests";
const INGEST_TOKEN = "a-token-that-only-sends";
const ADMIN_TOKEN = "a-token-that-only-changes";
const dir = mkdtempSync(join(tmpdir(), "spancost-access-"));
let open: TestServer;
let closed: TestServer;

beforeAll(async () => {
  open = await startTestServer();
  const ingestTokens = join(dir, "tokens.json");
  writeFileSync(ingestTokens, JSON.stringify([{ token: INGEST_TOKEN, name: "acme", tenants: ["acme"] }]));
  closed = await startTestServer({ token: TOKEN, adminToken: ADMIN_TOKEN, ingestTokens });
});

afterAll(async () => {
  await Promise.all([open.stop(), closed.stop()]);
  rmSync(dir, { recursive: true });
});

async function status(url: string, headers: Record<string, string> = {}, method = "GET"): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on("error", reject).end();
  });
}

describe("a server with a token", () => {
  it.each([
    ["the API", () => `${closed.server.urls.api}/api/v1/spend`],
    ["the metrics", () => `${closed.server.urls.api}/metrics`],
    ["the SQL endpoint", () => `${closed.server.urls.sql}/?query=SELECT+1`],
  ])("asks for it on %s", async (_name, url) => {
    expect(await status(url())).toBe(401);
    expect(await status(url(), { authorization: "Bearer wrong" })).toBe(401);
    expect(await status(url(), { authorization: `Bearer ${TOKEN}` })).toBe(200);
  });

  it("takes it as ClickHouse clients send it", async () => {
    const url = `${closed.server.urls.sql}/?query=SELECT+1`;
    expect(await status(url, { "x-clickhouse-key": TOKEN })).toBe(200);
    expect(await status(url, { authorization: `Basic ${Buffer.from(`default:${TOKEN}`).toString("base64")}` })).toBe(
      200,
    );
  });

  it("asks for it on the receiver", async () => {
    const url = `${closed.server.urls.otlp}/v1/traces`;
    const json = { "content-type": "application/json", "content-length": "0" };
    expect(await status(url, json, "POST")).toBe(401);
    expect(await status(url, { ...json, authorization: `Bearer ${TOKEN}` }, "POST")).toBe(400);
  });

  it("lets an ingest token send, and nothing else", async () => {
    const headers = { authorization: `Bearer ${INGEST_TOKEN}` };
    const json = { ...headers, "content-type": "application/json", "content-length": "0" };
    // What it sends is looked at: nothing is no JSON.
    expect(await status(`${closed.server.urls.otlp}/v1/traces`, json, "POST")).toBe(400);
    expect(await status(`${closed.server.urls.api}/api/v1/spend`, headers)).toBe(401);
    expect(await status(`${closed.server.urls.sql}/?query=SELECT+1`, headers)).toBe(401);
  });

  it("lets the admin token send nothing", async () => {
    const json = { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": "application/json", "content-length": "0" };
    expect(await status(`${closed.server.urls.otlp}/v1/traces`, json, "POST")).toBe(403);
  });

  it("tells its health to everybody", async () => {
    expect(await status(`${closed.server.urls.api}/healthz`)).toBe(200);
    expect(await status(`${closed.server.urls.api}/readyz`)).toBe(200);
  });
});

describe("a server without a token", () => {
  it("does not answer a web page whose name was pointed at this machine", async () => {
    expect(await status(`${open.server.urls.api}/api/v1/spend`, { host: "evil.example" })).toBe(401);
    expect(await status(`${open.server.urls.sql}/?query=SELECT+1`, { host: "evil.example" })).toBe(401);
    const json = { "content-type": "application/json", "content-length": "0" };
    expect(await status(`${open.server.urls.otlp}/v1/traces`, { ...json, host: "evil.example" }, "POST")).toBe(401);
    expect(await status(`${open.server.urls.api}/api/v1/spend`)).toBe(200);
  });

  it("shows metrics in Prometheus' format", async () => {
    const text = await (await fetch(`${open.server.urls.api}/metrics`)).text();
    expect(text).toMatch(/^spancost_spans_accepted_total 0$/m);
    expect(text).toMatch(/^spancost_spans_waiting 0$/m);
  });

  it("says what is wrong with a report", async () => {
    const ask = async (query: string) => {
      const response = await fetch(`${open.server.urls.api}/api/v1/spend?${query}`);
      return [response.status, ((await response.json()) as { error: { message: string } }).error.message];
    };
    expect(await ask("by=planet")).toEqual([400, expect.stringContaining('"planet" is nothing to group by')]);
    expect(await ask("since=tomorrow")).toEqual([400, expect.stringContaining("24h, 30d or 4w")]);
    expect(await ask("from=2026-02-02&to=2026-01-01")).toEqual([400, "from must be before to."]);
  });
});
