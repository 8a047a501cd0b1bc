import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { NodeTracerProvider } from "@opentelemetry/sdk-trace-node";
import {
  recordCost,
  recordUsage,
  setCostTracerProvider,
  SpancostSpanProcessor,
  task,
  withAttribution,
} from "@spancost/otel";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestServer, type TestServer } from "./running-server.ts";

/** By hand: 1,000 x 0.15 + 500 x 0.60 USD a million tokens, for gpt-4o-mini (OpenAI's price page, read 2026-11-20). */
const CALL = "0.00045";
const HOUR_MS = 3_600_000;

let server: TestServer;
let provider: NodeTracerProvider;

beforeAll(async () => {
  server = await startTestServer();
  const exporter = new OTLPTraceExporter({ url: `${server.server.urls.otlp}/v1/traces` });
  provider = new NodeTracerProvider({ spanProcessors: [new SpancostSpanProcessor({ exporter })] });
  provider.register();
  setCostTracerProvider(provider);
});
afterAll(async () => {
  await provider.shutdown();
  await server.stop();
});

const CALLS = `SELECT tenant_id, cost_kind, provider, toString(count()) AS n, toString(sum(cost)) AS usd, any(task) AS task
  FROM calls GROUP BY ALL ORDER BY cost_kind, tenant_id`;

it("reports costs of all kinds like calls, each key once, however often, when and from where it was recorded", async () => {
  const occurredAt = Date.now() - 2 * HOUR_MS;
  const record = (tenantId: string, at: number) =>
    withAttribution({ tenantId }, () =>
      task("index", () => {
        // Twice the same without a key: two costs.
        for (const key of ["q-1", "q-2", undefined, undefined])
          recordCost({ service: "pinecone", amountUsd: "0.000000000001", occurredAt: at, key });
        recordUsage({
          provider: "openai",
          model: "gpt-4o-mini",
          usage: { input: 1000, output: 500 },
          startedAt: at,
          endedAt: at + 1,
          key: "turn-1",
        });
      }),
    );
  record("acme", occurredAt);
  await provider.forceFlush();
  const first = [
    { tenant_id: "acme", cost_kind: "llm", provider: "openai", n: "1", usd: CALL, task: "index" },
    { tenant_id: "acme", cost_kind: "pinecone", provider: "pinecone", n: "4", usd: "0.000000000004", task: "index" },
  ];
  expect(await server.sql(CALLS)).toEqual(first);
  // The same keys again, in another trace: those records are there already, the two without a key are new.
  record("acme", occurredAt);
  await provider.forceFlush();
  await expect
    .poll(() => server.sql(CALLS), { timeout: 15_000 })
    .toEqual([first[0], { ...first[1], n: "6", usd: "0.000000000006" }]);
  // The same key at another time is still the same cost; another tenant's own key is another one.
  withAttribution({ tenantId: "acme" }, () =>
    recordCost({ service: "pinecone", amountUsd: "0.000000000001", occurredAt: occurredAt + HOUR_MS, key: "q-1" }),
  );
  withAttribution({ tenantId: "globex" }, () =>
    recordCost({ service: "pinecone", amountUsd: "0.000000000001", occurredAt, key: "q-1" }),
  );
  await provider.forceFlush();
  const byTenant = `SELECT tenant_id, toString(count()) AS n, toString(sum(cost)) AS usd FROM calls
    WHERE cost_kind = 'pinecone' GROUP BY 1 ORDER BY 1`;
  await expect
    .poll(() => server.sql(byTenant), { timeout: 15_000 })
    .toEqual([
      { tenant_id: "acme", n: "6", usd: "0.000000000006" },
      { tenant_id: "globex", n: "1", usd: "0.000000000001" },
    ]);
  expect(await server.sql("SELECT toString(sum(cost)) AS usd FROM spend")).toEqual([{ usd: "0.000450000007" }]);
});

it("says why a cost from elsewhere cannot be counted", async () => {
  const span = provider.getTracer("app").startSpan("cost", {
    attributes: { "spancost.cost.kind": "search", "spancost.cost.amount": "much", tenant_id: "acme" },
  });
  span.end();
  await provider.forceFlush();
  const rows = "SELECT cost_status, cost_reason, cost FROM calls WHERE cost_kind = 'search'";
  expect(await server.sql(rows)).toEqual([{ cost_status: "rejected", cost_reason: "bad-amount", cost: null }]);
});
