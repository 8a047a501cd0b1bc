import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createStore, startEmbeddedEngine } from "@spancost/clickhouse";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadConfig, type RunningServer, startServer } from "../src/index.ts";
import { waitUntilInserted } from "./wait-until-inserted.ts";

const ADMIN = "the-admin-of-the-tests";
let dir: string;
let ratesFile: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "spancost-test-"));
  ratesFile = join(dir, "rates.json");
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

function start(rates: object): Promise<RunningServer> {
  writeFileSync(ratesFile, JSON.stringify(rates));
  const flags = {
    data: join(dir, "data"),
    port: "0",
    otlpHttpPort: "0",
    otlpGrpcPort: "0",
    sqlPort: "0",
    rates: ratesFile,
    adminToken: ADMIN,
  };
  return startServer(loadConfig({}, flags));
}

const NOW_NANO = BigInt(Date.now()) * 1_000_000n;

/** A call of a model that only the operator knows: 1,000 tokens in, 100 out. */
function body(tenants: readonly string[]): string {
  const spans = tenants.map((tenant, index) => ({
    traceId: (index + 1).toString(16).padStart(32, "c"),
    spanId: (index + 1).toString(16).padStart(16, "d"),
    name: "chat house-model",
    startTimeUnixNano: String(NOW_NANO),
    endTimeUnixNano: String(NOW_NANO + 1_000_000n),
    attributes: Object.entries({
      tenant_id: tenant,
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "house",
      "gen_ai.request.model": "house-model",
    })
      .map(([key, stringValue]) => ({ key, value: { stringValue } }) as object)
      .concat([
        { key: "gen_ai.usage.input_tokens", value: { intValue: 1000 } },
        { key: "gen_ai.usage.output_tokens", value: { intValue: 100 } },
      ]),
  }));
  return JSON.stringify({
    resourceSpans: [{ scopeSpans: [{ scope: { name: "@opentelemetry/instrumentation-openai" }, spans }] }],
  });
}

async function deliver(server: RunningServer, tenants: readonly string[]): Promise<void> {
  const response = await fetch(`${server.urls.otlp}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: body(tenants),
  });
  expect(response.status).toBe(200);
}

async function sql(server: RunningServer, statement: string): Promise<unknown[]> {
  await waitUntilInserted(server.urls.api);
  const response = await fetch(`${server.urls.api}/api/v1/sql?format=JSONEachRow`, { method: "POST", body: statement });
  return (await response.text())
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as unknown);
}

async function reprice(
  server: RunningServer,
  request: object,
  token?: string,
): Promise<[status: number, answer: unknown]> {
  const headers = {
    "content-type": "application/json",
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  const response = await fetch(`${server.urls.api}/api/v1/reprice`, {
    method: "POST",
    headers,
    body: JSON.stringify(request),
  });
  return [response.status, await response.json()];
}

const COSTS = "SELECT tenant_id, cost, list_cost, cost_status FROM calls ORDER BY tenant_id";
const mapping = { provider: "house", model: "house-model", prices: { input: "2", output: "10" } };

describe("repricing", () => {
  it("tells what would change, changes it on demand, keeps the history, and survives a redelivery (langfuse#12184)", async () => {
    let server = await start({});
    await deliver(server, ["acme", "globex"]);
    expect(await sql(server, COSTS)).toEqual([
      { tenant_id: "acme", cost: null, list_cost: null, cost_status: "unpriced" },
      { tenant_id: "globex", cost: null, list_cost: null, cost_status: "unpriced" },
    ]);
    await server.stop();

    // The operator learns the price: 1,000 x 2 + 100 x 10 USD a million = 0.003.
    server = await start({ mappings: [mapping] });
    const told = { tenant: "acme", calls: 1, changed: 1, before: "0", after: "0.003" };
    expect(await reprice(server, { since: "1d", tenant: "acme" })).toEqual([
      200,
      { applied: false, currency: "USD", tenants: [told] },
    ]);
    expect(await sql(server, "SELECT count() AS n FROM calls WHERE cost IS NULL")).toEqual([{ n: "2" }]);

    expect(await reprice(server, { since: "1d", apply: true })).toEqual([
      403,
      { error: { code: "forbidden", message: expect.stringContaining("SPANCOST_ADMIN_TOKEN") } },
    ]);
    expect(await reprice(server, { since: "1d", tenant: "acme", apply: true }, ADMIN)).toEqual([
      200,
      { applied: true, currency: "USD", tenants: [told] },
    ]);
    const repriced = [
      { tenant_id: "acme", cost: "0.003", list_cost: "0.003", cost_status: "priced" },
      { tenant_id: "globex", cost: null, list_cost: null, cost_status: "unpriced" },
    ];
    expect(await sql(server, COSTS)).toEqual(repriced);
    expect(await reprice(server, { since: "1d", tenant: "acme" })).toEqual([
      200,
      { applied: false, currency: "USD", tenants: [{ ...told, changed: 0, before: "0.003" }] },
    ]);

    await deliver(server, ["acme"]);
    expect(await sql(server, COSTS)).toEqual(repriced);
    expect(
      await sql(
        server,
        "SELECT version, replaced_by, cost, cost_status FROM calls_history WHERE tenant_id = 'acme' ORDER BY version",
      ),
    ).toEqual([
      { version: "0", replaced_by: "reprice", cost: null, cost_status: "unpriced" },
      { version: "1", replaced_by: "", cost: "0.003", cost_status: "priced" },
    ]);
    await server.stop();

    const engine = await startEmbeddedEngine({ dataDir: join(dir, "data") });
    const store = createStore({ socketPath: engine.socketPath });
    const audit = await store.client.query({
      query: "SELECT action, actor, details FROM spancost.audit_log",
      format: "JSONEachRow",
    });
    // One row: telling what would change, and being refused, leave none.
    expect(await audit.json()).toEqual([
      { action: "reprice", actor: "admin token", details: expect.stringContaining('"tenant":"acme"') },
    ]);
    await store.close();
    await engine.stop();
  });

  it("applies a contract to the cost and leaves the list price", async () => {
    const contract = { name: "house deal", provider: "openai", discountPercent: "25" };
    const server = await start({ contracts: [contract] });
    const known = body(["contract"])
      .replaceAll("house-model", "gpt-5-mini")
      .replaceAll('"house"', '"openai"')
      .replaceAll("ccc", "eee");
    await fetch(`${server.urls.otlp}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: known,
    });
    // 1,000 x 0.25 + 100 x 2 USD a million = 0.00045, less a quarter.
    expect(await sql(server, "SELECT cost, list_cost FROM calls WHERE tenant_id = 'contract'")).toEqual([
      { cost: "0.0003375", list_cost: "0.00045" },
    ]);
    await server.stop();
  });

  it("says everything that is wrong with a rates file", async () => {
    await expect(start({ contracts: [{ name: 1 }], mappings: "x", other: [] })).rejects.toThrow(
      /other: unknown[^]*contracts\[0\][^]*mappings: not a list/,
    );
  });
});
