import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type BilledCall, type Simulator, startSimulator } from "@spancost/simulator";
import { driveTenants, startDemoTelemetry } from "@spancost/simulator/demo";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startUp, type UpProcess } from "./up-process.ts";

/**
 * Published prices in 1e-12 USD a token, worked out by hand from USD per million tokens (0.25 USD a million is 250,000 of 1e-12 a token):
 * OpenAI, Anthropic, Google and Groq price pages, read 2026-11-20. `write5m` and `write1h` are 1.25 and 2 times Anthropic's input.
 */
const PRICES: Readonly<
  Record<string, { input: bigint; cacheRead: bigint; write5m?: bigint; write1h?: bigint; output: bigint }>
> = {
  "gpt-5-mini-2025-08-07": { input: 250_000n, cacheRead: 25_000n, output: 2_000_000n },
  "gpt-4.1-2025-04-14": { input: 2_000_000n, cacheRead: 500_000n, output: 8_000_000n },
  "o4-mini-2025-04-16": { input: 1_100_000n, cacheRead: 275_000n, output: 4_400_000n },
  "text-embedding-3-small": { input: 20_000n, cacheRead: 20_000n, output: 0n },
  "claude-sonnet-4-5-20250929": {
    input: 3_000_000n,
    cacheRead: 300_000n,
    write5m: 3_750_000n,
    write1h: 6_000_000n,
    output: 15_000_000n,
  },
  "gemini-2.5-flash": { input: 300_000n, cacheRead: 30_000n, output: 2_500_000n },
  "openai/gpt-oss-120b": { input: 150_000n, cacheRead: 75_000n, output: 600_000n },
  "llama-3.3-70b-versatile": { input: 590_000n, cacheRead: 590_000n, output: 790_000n },
};
const TIMEOUT_MS = 60_000;

let dataDir: string;
let up: UpProcess;
let simulator: Simulator;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "spancost-test-"));
  up = await startUp({ dataDir });
  simulator = await startSimulator();
}, TIMEOUT_MS);

afterAll(async () => {
  await simulator.close();
  await up.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

/** What a billed call costs, in 1e-12 USD. */
function costOf({ model, usage }: BilledCall): bigint {
  const price = PRICES[model];
  if (price === undefined) throw new Error(`No price was worked out for ${model}.`);
  const [cacheRead, write5m, write1h] = [usage.cacheRead ?? 0, usage.cacheWrite5m ?? 0, usage.cacheWrite1h ?? 0];
  const uncached = (usage.input ?? 0) - cacheRead - write5m - write1h;
  return (
    BigInt(uncached) * price.input +
    BigInt(cacheRead) * price.cacheRead +
    BigInt(write5m) * (price.write5m ?? 0n) +
    BigInt(write1h) * (price.write1h ?? 0n) +
    BigInt(usage.output ?? 0) * price.output
  );
}

function toUsd(pico: bigint): string {
  const digits = pico.toString().padStart(13, "0");
  return `${digits.slice(0, -12)}.${digits.slice(-12)}`.replace(/\.?0+$/, "");
}

interface SpendRow {
  readonly tenant: string;
  readonly calls: string;
  readonly cost: string;
}

async function spendByTenant(): Promise<SpendRow[]> {
  const response = await fetch(`${up.api}/api/v1/spend?by=tenant`);
  return ((await response.json()) as { rows: SpendRow[] }).rows;
}

describe("the demo", () => {
  it(
    "reports per tenant exactly what the simulator billed, times the published prices",
    async () => {
      const telemetry = startDemoTelemetry({ simulatorUrl: simulator.url, otlpUrl: up.otlp });
      await driveTenants({ simulatorUrl: simulator.url });
      await telemetry.flush();
      await telemetry.shutdown();

      const billed = simulator.journal();
      const expected = new Map<string, { calls: number; cost: bigint }>();
      for (const call of billed) {
        const tenant = call.tenantHint ?? "";
        const sum = expected.get(tenant) ?? { calls: 0, cost: 0n };
        expected.set(tenant, { calls: sum.calls + 1, cost: sum.cost + costOf(call) });
      }
      expect([...expected.keys()].sort()).toEqual(["acme", "globex", "initech"]);

      const wanted = [...expected].map(([tenant, { calls, cost }]) => ({
        tenant,
        calls: String(calls),
        cost: toUsd(cost),
      }));
      const byCost = (rows: readonly SpendRow[]) =>
        rows
          .map(({ tenant, calls, cost }) => ({ tenant, calls, cost }))
          .sort((a, b) => a.tenant.localeCompare(b.tenant));
      const deadline = Date.now() + 15_000;
      let rows = await spendByTenant();
      while (rows.reduce((calls, row) => calls + Number(row.calls), 0) !== billed.length && Date.now() < deadline) {
        await sleep(200);
        rows = await spendByTenant();
      }
      expect(byCost(rows)).toEqual(byCost(wanted));
      const billedPicoUsd = [...expected.values()].reduce((sum, { cost }) => sum + cost, 0n);
      const response = await fetch(`${up.api}/api/v1/spend?by=model,day`);
      const { total } = (await response.json()) as { total: { calls: string; cost: string } };
      expect(total).toMatchObject({ calls: String(billed.length), cost: toUsd(billedPicoUsd) });
    },
    TIMEOUT_MS,
  );

  it("sent no attribution to a provider", () => {
    const headers = simulator.requests().map((request) => JSON.stringify(request.headers));
    expect(headers.filter((text) => /acme|globex|initech|tenant|baggage/.test(text))).toEqual([]);
  });
});
