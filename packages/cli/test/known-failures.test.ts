import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { withAttribution } from "@spancost/otel";
import { type Simulator, startSimulator } from "@spancost/simulator";
import { type DemoTelemetry, startDemoTelemetry } from "@spancost/simulator/demo";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitUntilInserted } from "../../server/test/wait-until-inserted.ts";
import { startUp, type UpProcess } from "./up-process.ts";

// Public reports of the field, by product and number: the whole way of a call must give the opposite.
const TIMEOUT_MS = 60_000;
/** gpt-5-mini in 1e-12 USD a token: 0.25, 0.025 and 2 USD a million. */
const PRICE = { input: 250_000n, cacheRead: 25_000n, output: 2_000_000n };

interface Row {
  readonly cost: string | null;
  readonly cost_status: string;
  readonly input_tokens: string | null;
  readonly output_tokens: string | null;
}

let dataDir: string;
let up: UpProcess;
let simulator: Simulator;
let telemetry: DemoTelemetry;
let openai: OpenAI;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "spancost-test-"));
  up = await startUp({ dataDir });
  simulator = await startSimulator();
  telemetry = startDemoTelemetry({ simulatorUrl: simulator.url, otlpUrl: up.otlp });
  openai = new OpenAI({ apiKey: "test", baseURL: `${simulator.url}/openai-api/v1`, maxRetries: 0 });
}, TIMEOUT_MS);

afterAll(async () => {
  await telemetry.shutdown();
  await simulator.close();
  await up.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

/** Makes calls under a tenant of their own, and gives the ledger's rows of that tenant. */
async function rowsOf(tenantId: string, call: (prompt: string) => Promise<unknown>): Promise<Row[]> {
  await withAttribution({ tenantId }, () => call(`[tenant=${tenantId}] Hello`));
  await telemetry.flush();
  await waitUntilInserted(up.api);
  const statement = `SELECT cost, cost_status, input_tokens, output_tokens FROM calls WHERE tenant_id = '${tenantId}' ORDER BY started_at`;
  for (let tries = 0; tries < 50; tries += 1) {
    const response = await fetch(`${up.api}/api/v1/sql?format=JSONEachRow`, { method: "POST", body: statement });
    const rows = (await response.text()).split("\n").filter(Boolean);
    if (rows.length > 0) return rows.map((line) => JSON.parse(line) as Row);
    await sleep(100);
  }
  return [];
}

function billedOf(tenant: string) {
  return simulator.journal().filter(({ tenantHint }) => tenantHint === tenant);
}

/** What the simulator billed a tenant for, in USD. */
function costOf(tenant: string): string {
  const pico = billedOf(tenant).reduce((sum, { usage }) => {
    const [input, cacheRead, output] = [usage.input ?? 0, usage.cacheRead ?? 0, usage.output ?? 0].map(BigInt) as [
      bigint,
      bigint,
      bigint,
    ];
    return sum + (input - cacheRead) * PRICE.input + cacheRead * PRICE.cacheRead + output * PRICE.output;
  }, 0n);
  return `0.${pico.toString().padStart(12, "0")}`.replace(/0+$/, "");
}

const messages = (content: string) => [{ role: "user" as const, content }];

describe("streaming and cancellation", () => {
  it("litellm#37923: a streamed call costs what the provider billed", async () => {
    const rows = await rowsOf("streamed", async (prompt) => {
      const stream = await openai.chat.completions.create({
        model: "gpt-5-mini",
        messages: messages(prompt),
        stream: true,
        stream_options: { include_usage: true },
      });
      for await (const _ of stream);
    });
    expect(rows).toMatchObject([{ cost: costOf("streamed"), cost_status: "priced" }]);
  });

  it("litellm#33736, posthog-js#4664: a disconnected stream is a call of unknown cost, not none and not zero", async () => {
    const rows = await rowsOf("cancelled", async (prompt) => {
      const stream = await openai.chat.completions.create({
        model: "gpt-5-mini",
        messages: messages(`${prompt} [delay=20]`),
        stream: true,
      });
      for await (const _ of stream) break;
    });
    expect(billedOf("cancelled")).toHaveLength(1);
    expect(rows).toMatchObject([{ cost: null, cost_status: "unknown_usage", input_tokens: null }]);
  });

  it("litellm#37992: a refused attempt is not billed, and is there", async () => {
    const rows = await rowsOf("refused", async (prompt) => {
      const failed = openai.chat.completions.create({
        model: "gpt-5-mini",
        messages: messages(`${prompt} [fault=500]`),
      });
      await expect(failed).rejects.toThrow(/500/);
    });
    expect(rows).toMatchObject([{ cost: null, cost_status: "not_billed" }]);
  });

  it("opentelemetry-js-contrib#3586: .parse() works under instrumentation, and is counted", async () => {
    const rows = await rowsOf("parsed", async (prompt) => {
      const completion = await openai.chat.completions.parse({ model: "gpt-5-mini", messages: messages(prompt) });
      expect(completion.choices[0]?.message.content).toEqual(expect.any(String));
    });
    expect(rows).toMatchObject([{ cost: costOf("parsed"), cost_status: "priced" }]);
  });
});

describe("double counting", () => {
  it("litellm#15740: a call of /v1/responses is one call", async () => {
    const rows = await rowsOf("responses", (prompt) => openai.responses.create({ model: "gpt-5-mini", input: prompt }));
    expect(rows).toMatchObject([{ cost: costOf("responses"), cost_status: "priced" }]);
  });

  it("mlflow#25007: tokens and cost of a report are sums over the same calls", async () => {
    const response = await fetch(`${up.api}/api/v1/spend?by=tenant`);
    const { rows, total } = (await response.json()) as {
      rows: Record<string, string>[];
      total: Record<string, string>;
    };
    for (const row of rows) {
      const billed = billedOf(row["tenant"] ?? "").filter(
        ({ outcome, status }) => outcome === "complete" && status === 200,
      );
      const tokens = billed.reduce((sum, { usage }) => sum + (usage.input ?? 0), 0);
      if (row["unknown_calls"] === "0")
        expect([row["tenant"], row["input_tokens"]]).toEqual([row["tenant"], String(tokens)]);
    }
    expect(total["calls"]).toBe(String(rows.reduce((sum, row) => sum + Number(row["calls"]), 0)));
  });
});

describe("model and price matching", () => {
  it("signoz#12738: what pricing writes on a span is what the conventions name, and what the ledger says", async () => {
    const statement = `SELECT c.cost = toDecimal128(s.SpanAttributes['gen_ai.usage.cost.amount'], 12) AS same, s.SpanAttributes['gen_ai.usage.cost.currency'] AS currency
FROM calls AS c INNER JOIN otel_traces AS s ON s.SpanId = c.span_id WHERE c.tenant_id = 'parsed'`;
    await waitUntilInserted(up.api);
    const response = await fetch(`${up.api}/api/v1/sql?format=JSONEachRow`, { method: "POST", body: statement });
    expect(JSON.parse(await response.text())).toEqual({ same: 1, currency: "USD" });
  });
});
