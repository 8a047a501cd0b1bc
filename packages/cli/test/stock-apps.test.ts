import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type BilledCall, type Simulator, startSimulator } from "@spancost/simulator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { query, toUsd } from "./ledger.ts";
import { startUp, toNeutralEnvironment, type UpProcess } from "./up-process.ts";

/**
 * Published price of gpt-5-mini: 0.25 USD per million input tokens (0.025 cached), 2.00 USD per million output tokens.
 * In 1e-12 USD a token. @see https://platform.openai.com/docs/pricing
 */
const INPUT_PICO_USD = 250_000n;
const OUTPUT_PICO_USD = 2_000_000n;

const EXAMPLES_DIR = fileURLToPath(new URL("../../../docs/examples", import.meta.url));
const APP_TIMEOUT_MS = 25_000;

/** Who each example's calls are made for, in order. */
const CALLERS = [
  { tenant_id: "acme", user_id: "u-17", feature: "chat" },
  { tenant_id: "globex", user_id: "u-42", feature: "summary" },
];

const EXAMPLES = [
  { name: "sdk-node-3", scopeVersion: "0.22.0" },
  { name: "sdk-trace-node-2", scopeVersion: "0.21.0" },
];

let dataDir: string;
let up: UpProcess;
let simulator: Simulator;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "spancost-stock-apps-"));
  [up, simulator] = await Promise.all([startUp({ dataDir }), startSimulator({ seed: 1 })]);
});

afterAll(async () => {
  await Promise.all([up?.stop(), simulator?.close()]);
  rmSync(dataDir, { recursive: true, force: true });
});

describe.each(EXAMPLES)("the stock app $name", ({ name, scopeVersion }) => {
  let billed: readonly BilledCall[];

  beforeAll(async () => {
    const before = simulator.journal().length;
    await runExample(name);
    billed = simulator.journal().slice(before);
  });

  it("makes a plain and a streamed call", () => {
    expect(billed.map(({ streamed, outcome }) => ({ streamed, outcome }))).toEqual([
      { streamed: false, outcome: "complete" },
      { streamed: true, outcome: "complete" },
    ]);
  });

  // No waiting: the app ends after the exporter's 200, and that comes after the rows are durable.
  it("gives one priced, attributed row a call", async () => {
    const rows = await query(
      up,
      `
      SELECT tenant_id, user_id, feature, provider, model, model_reported, response_id, input_tokens, output_tokens,
             cache_read_tokens, list_cost, cost, cost_status, cost_reason, status, scope_name, scope_version
      FROM calls WHERE service = 'example-${name}' ORDER BY started_at`,
    );
    expect(rows).toEqual(
      billed.map((call, index) => ({
        ...CALLERS[index],
        provider: "openai",
        model: "gpt-5-mini",
        model_reported: call.model,
        response_id: call.responseId,
        input_tokens: `${call.usage.input}`,
        output_tokens: `${call.usage.output}`,
        cache_read_tokens: null,
        list_cost: toCost(call),
        cost: toCost(call),
        cost_status: "priced",
        cost_reason: "",
        status: "ok",
        scope_name: "@opentelemetry/instrumentation-openai",
        scope_version: scopeVersion,
      })),
    );
  });

  it("has attribution and cost on its spans", async () => {
    const rows = await query(
      up,
      `
      SELECT SpanAttributes['tenant_id'] AS tenant_id, SpanAttributes['user_id'] AS user_id,
             SpanAttributes['feature'] AS feature, SpanAttributes['gen_ai.usage.cost.amount'] AS amount,
             SpanAttributes['gen_ai.usage.cost.currency'] AS currency
      FROM otel_traces WHERE ServiceName = 'example-${name}' ORDER BY Timestamp`,
    );
    expect(rows).toEqual(billed.map((call, index) => ({ ...CALLERS[index], amount: toCost(call), currency: "USD" })));
  });
});

it("gives no row but those of the billed calls", async () => {
  const rows = await query(up, "SELECT response_id FROM calls ORDER BY started_at");
  expect(rows).toEqual(simulator.journal().map(({ responseId }) => ({ response_id: responseId })));
  expect(rows).toHaveLength(EXAMPLES.length * CALLERS.length);
});

/** Runs the example as its `npm start` does, on this Node; fails with its output when it fails. */
async function runExample(name: string): Promise<void> {
  const cwd = join(EXAMPLES_DIR, name);
  const { scripts } = JSON.parse(readFileSync(join(cwd, "package.json"), "utf8")) as { scripts: { start: string } };
  const [command, ...args] = scripts.start.split(" ");
  expect(command).toBe("node");
  await promisify(execFile)(process.execPath, args, {
    cwd,
    timeout: APP_TIMEOUT_MS,
    env: {
      ...toNeutralEnvironment(process.env),
      OPENAI_API_KEY: "any",
      OPENAI_BASE_URL: `${simulator.url}/openai-api/v1`,
      OTEL_EXPORTER_OTLP_ENDPOINT: up.otlp,
    },
  });
}

/** The cost of what the span reports, in USD: the official instrumentation does not say which input was cached, so all of it is full price. */
function toCost({ usage }: BilledCall): string {
  const picoUsd = BigInt(usage.input) * INPUT_PICO_USD + BigInt(usage.output) * OUTPUT_PICO_USD;
  return toUsd(picoUsd);
}
