import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createStore, startEmbeddedEngine, type Store } from "@spancost/clickhouse";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitUntilInserted } from "./wait-until-inserted.ts";
import { loadConfig, type RunningServer, startServer } from "../src/index.ts";

const ADMIN = "the-admin-of-the-tests";
const NOW_NANO = BigInt(Date.now()) * 1_000_000n;
let dataDir: string;
let server: RunningServer;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "spancost-test-"));
  server = await start();
  const attributes = {
    tenant_id: "acme",
    user_id: "jane",
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-5-mini",
  };
  const span = {
    traceId: "0123456789abcdef0123456789abcdef",
    spanId: "0123456789abcdef",
    name: "chat",
    startTimeUnixNano: String(NOW_NANO),
    endTimeUnixNano: String(NOW_NANO + 1_000_000n),
    attributes: [
      ...Object.entries(attributes).map(([key, stringValue]) => ({ key, value: { stringValue } })),
      { key: "gen_ai.usage.input_tokens", value: { intValue: 1000 } },
      { key: "gen_ai.usage.output_tokens", value: { intValue: 100 } },
    ],
  };
  const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ scope: { name: "spancost" }, spans: [span] }] }] });
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${server.urls.otlp}/v1/traces`, { method: "POST", headers, body });
  expect(response.status).toBe(200);
});

afterAll(async () => {
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

function start(): Promise<RunningServer> {
  const ports = { port: "0", otlpHttpPort: "0", otlpGrpcPort: "0", sqlPort: "0" };
  return startServer(loadConfig({}, { data: dataDir, adminToken: ADMIN, ...ports }));
}

async function erase(request: object, token?: string): Promise<[status: number, answer: unknown]> {
  const headers = {
    "content-type": "application/json",
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  const init = { method: "POST", headers, body: JSON.stringify(request) };
  const response = await fetch(`${server.urls.api}/api/v1/erase`, init);
  return [response.status, await response.json()];
}

async function users(): Promise<string> {
  const body = "SELECT tenant_id, user_id, sum(calls), sum(cost) FROM spend GROUP BY 1, 2";
  await waitUntilInserted(server.urls.api);
  return (await fetch(`${server.urls.api}/api/v1/sql?format=TSV`, { method: "POST", body })).text();
}

describe("erasing through the API", () => {
  it("wants one subject, and the admin token to write", async () => {
    for (const request of [{}, { user: "" }, { user: "jane", tenant: "acme" }])
      expect(await erase(request, ADMIN)).toMatchObject([400, { error: { code: "bad-request" } }]);
    expect(await erase({ user: "jane", apply: true })).toMatchObject([403, { error: { code: "forbidden" } }]);
  });

  it("tells what would go, erases on demand, and leaves the tenant's spend", async () => {
    const rows = { calls: expect.any(Number), history: expect.any(Number), rollUp: 0, spans: 1 };
    expect(await erase({ user: "jane" })).toEqual([200, { applied: false, rows }]);
    expect(await users()).toBe("acme\tjane\t1\t0.00045\n");
    expect(await erase({ user: "jane", apply: true }, ADMIN)).toEqual([200, { applied: true, rows }]);
    expect(await users()).toBe("acme\t\t1\t0.00045\n");
    expect(await erase({ tenant: "acme", apply: true }, ADMIN)).toMatchObject([200, { applied: true }]);
    expect(await users()).toBe("");
  });

  it("that a dead server left to the database ends there before maintenance goes on", async () => {
    await server.stop();
    await inDatabase(async ({ client }) => {
      // It can never be done, so only an end makes it go away.
      const clickhouse_settings = { mutations_sync: "0" } as const;
      const query =
        "ALTER TABLE spancost.audit_log UPDATE actor = toString(throwIf(true)) WHERE 'spancost-mutation' != ''";
      await client.command({ query, clickhouse_settings });
      expect(await countMutations(client)).toBe(1);
    });
    server = await start();
    expect(await erase({ tenant: "acme", apply: true }, ADMIN)).toMatchObject([200, { applied: true }]);
    await server.stop();
    await inDatabase(async ({ client }) => expect(await countMutations(client)).toBe(0));
    server = await start();
  });
});

/** Does something in the database of a server that is stopped. */
async function inDatabase(task: (store: Store) => Promise<void>): Promise<void> {
  const engine = await startEmbeddedEngine({ dataDir });
  const store = createStore({ socketPath: engine.socketPath });
  try {
    await task(store);
  } finally {
    await store.close();
    await engine.stop();
  }
}

async function countMutations(client: Store["client"]): Promise<number> {
  const query = "SELECT toUInt32(count()) AS count FROM system.mutations WHERE NOT is_done";
  const [row] = await (await client.query({ query, format: "JSONEachRow" })).json<{ count: number }>();
  return row?.count ?? Number.NaN;
}
