import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadConfig, type RunningServer, startServer } from "../src/index.ts";
import { waitUntilInserted } from "./wait-until-inserted.ts";

const NOW_NANO = BigInt(Date.now()) * 1_000_000n;
let dataDir: string;
let server: RunningServer;

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "spancost-test-"));
  server = await start();
});

afterEach(async () => {
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

function start(): Promise<RunningServer> {
  return startServer(loadConfig({}, { data: dataDir, port: "0", otlpHttpPort: "0", otlpGrpcPort: "0", sqlPort: "0" }));
}

interface SpanDraft {
  readonly id: string;
  readonly parent?: string;
  readonly scope: string;
  readonly attributes: Record<string, string | number>;
}

const CHAT = {
  "gen_ai.operation.name": "chat",
  "gen_ai.provider.name": "openai",
  "gen_ai.request.model": "gpt-5-mini",
};
const USAGE = { "gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 100 };
const ROOT: SpanDraft = { id: "01", scope: "app", attributes: { tenant_id: "acme", user_id: "u1", feature: "chat" } };
const OUTER: SpanDraft = {
  id: "02",
  parent: "01",
  scope: "@traceloop/instrumentation-langchain",
  attributes: { ...CHAT, ...USAGE },
};
const INNER: SpanDraft = {
  id: "03",
  parent: "02",
  scope: "@opentelemetry/instrumentation-openai",
  attributes: { ...CHAT, ...USAGE, "gen_ai.response.id": "r1" },
};

async function post({ id, parent = "", scope, attributes }: SpanDraft): Promise<void> {
  const span = {
    traceId: "0123456789abcdef0123456789abcdef",
    spanId: id.repeat(8),
    parentSpanId: parent.repeat(8),
    name: "span",
    startTimeUnixNano: String(NOW_NANO),
    endTimeUnixNano: String(NOW_NANO + 1_000_000n),
    attributes: Object.entries(attributes).map(([key, value]) => ({
      key,
      value: typeof value === "number" ? { intValue: value } : { stringValue: value },
    })),
  };
  const body = JSON.stringify({
    resourceSpans: [{ scopeSpans: [{ scope: { name: scope, version: "0.27.0" }, spans: [span] }] }],
  });
  const response = await fetch(`${server.urls.otlp}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  expect(response.status).toBe(200);
}

async function sql(statement: string): Promise<unknown[]> {
  await waitUntilInserted(server.urls.api);
  const response = await fetch(`${server.urls.api}/api/v1/sql?format=JSONEachRow`, { method: "POST", body: statement });
  return (await response.text())
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as unknown);
}

const SETTLED = [{ tenant_id: "acme", user_id: "u1", feature: "chat", span_id: "03".repeat(8), cost: "0.00045" }];

/** The ledger's calls, once they are what they must become; at the latest after ten seconds, as the contract says. */
async function settledCalls(): Promise<unknown[]> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const calls = await sql("SELECT tenant_id, user_id, feature, span_id, cost FROM calls");
    if (JSON.stringify(calls) === JSON.stringify(SETTLED) || Date.now() > deadline) return calls;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 1_500));

describe("settlement in a running server", () => {
  const orders: [string, SpanDraft[]][] = [
    ["the ancestors first", [ROOT, OUTER, INNER]],
    ["the call first", [INNER, OUTER, ROOT]],
    ["the root last", [OUTER, INNER, ROOT]],
  ];

  it.each(orders)(
    "makes one attributed call of its spans, %s, each settled before the next comes",
    async (_order, spans) => {
      for (const span of spans) {
        await post(span);
        await pause();
      }
      expect(await settledCalls()).toEqual(SETTLED);
      for (const span of spans) await post(span);
      await pause();
      expect(await settledCalls()).toEqual(SETTLED);
      expect(await sql("SELECT tenant_id, sum(calls) AS calls, sum(cost) AS cost FROM spend GROUP BY 1")).toEqual([
        { tenant_id: "acme", calls: "1", cost: "0.00045" },
      ]);
    },
    60_000,
  );

  it("counts a span that came with different contents once, and reports it", async () => {
    const alone = { ...INNER, parent: "" };
    const attributed = {
      ...alone,
      attributes: { ...alone.attributes, tenant_id: "acme", user_id: "u1", feature: "chat" },
    };
    for (const span of [
      alone,
      attributed,
      alone,
      { ...attributed, attributes: { ...attributed.attributes, tenant_id: "acme" } },
    ])
      await post(span);
    expect(await settledCalls()).toEqual(SETTLED);
    // The rows say so first, settlement counts it when its run ends.
    const readMetrics = async () => (await fetch(`${server.urls.api}/metrics`)).text();
    await expect.poll(readMetrics, { timeout: 20_000 }).toMatch(/^spancost_spans_conflicting_total 1$/m);
  }, 60_000);

  it("goes on after a restart", async () => {
    await post(INNER);
    await pause();
    await server.stop();
    server = await start();
    await post(OUTER);
    await post(ROOT);
    expect(await settledCalls()).toEqual(SETTLED);
  }, 60_000);
});
