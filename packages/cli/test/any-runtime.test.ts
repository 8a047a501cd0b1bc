import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type BilledCall, type Simulator, startSimulator } from "@spancost/simulator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { query, toUsd } from "./ledger.ts";
import { startUp, toNeutralEnvironment, type UpProcess } from "./up-process.ts";

const EXAMPLE_DIR = fileURLToPath(new URL("../../../docs/examples/any-runtime", import.meta.url));
const APP = join(EXAMPLE_DIR, "app.js");
/** Where the bundles go: a folder without `node_modules` above it. */
const OUT_DIR = mkdtempSync(join(tmpdir(), "spancost-any-runtime-"));
const RUN_TIMEOUT_MS = 50_000;
/** Anthropic's SDK makes spans too when a tracer provider is there: within ten seconds one span a call counts. */
const SETTLED = { timeout: 15_000, interval: 250 };
const DENO_RUN = ["run", "--allow-env", "--allow-net", "--allow-read", "--allow-sys", "--no-prompt"];
const run = promisify(execFile);

/**
 * Published prices in 1e-12 USD a token (0.25 USD a million is 250,000), worked out by hand from the price pages of OpenAI, Anthropic,
 * Google and Groq, read 2026-11-20.
 */
const PRICES: Readonly<Record<string, { input: bigint; cacheRead: bigint; output: bigint }>> = {
  "gpt-5-mini-2025-08-07": { input: 250_000n, cacheRead: 25_000n, output: 2_000_000n },
  "o4-mini-2025-04-16": { input: 1_100_000n, cacheRead: 275_000n, output: 4_400_000n },
  "text-embedding-3-small": { input: 20_000n, cacheRead: 20_000n, output: 0n },
  "claude-haiku-4-5-20251001": { input: 1_000_000n, cacheRead: 100_000n, output: 5_000_000n },
  "gemini-2.5-flash": { input: 300_000n, cacheRead: 30_000n, output: 2_500_000n },
  "openai/gpt-oss-120b": { input: 150_000n, cacheRead: 75_000n, output: 600_000n },
  "llama-3.3-70b-versatile": { input: 590_000n, cacheRead: 590_000n, output: 790_000n },
};

const BUN = findBinary(
  "bun",
  `@oven/bun-${onWindows("windows")}-${process.arch.replace("arm64", "aarch64")}`,
  "bin/bun",
);
const DENO = findBinary("deno", `@deno/${process.platform}-${process.arch}${onLinux("-glibc")}`, "deno");

/** How the one source is run. */
const CASES = [
  { name: "Node", command: process.execPath, args: [APP] },
  { name: "Node, bundled by esbuild as an ES module", command: process.execPath, args: [join(OUT_DIR, "app.mjs")] },
  { name: "Node, bundled and minified as CommonJS", command: process.execPath, args: [join(OUT_DIR, "app.cjs")] },
  { name: "Bun", command: BUN, args: [APP] },
  { name: "Bun, bundled by esbuild", command: BUN, args: [join(OUT_DIR, "app.mjs")] },
  { name: "Bun, bundled by itself", command: BUN, args: [join(OUT_DIR, "app.bun.js")] },
  { name: "Deno", command: DENO, args: [...DENO_RUN, APP] },
  { name: "Deno, bundled by esbuild", command: DENO, args: [...DENO_RUN, join(OUT_DIR, "app.mjs")] },
];

let up: UpProcess;

beforeAll(async () => {
  up = await startUp({ dataDir: join(OUT_DIR, "data") });
  await run(process.execPath, [join(EXAMPLE_DIR, "bundle.mjs"), OUT_DIR]);
  if (BUN !== null) await run(BUN, ["build", APP, "--target=bun", `--outfile=${join(OUT_DIR, "app.bun.js")}`]);
});

afterAll(async () => {
  await up?.stop();
  rmSync(OUT_DIR, { recursive: true, force: true });
});

describe.each(CASES)("the example on $name", ({ name, command, args }) => {
  it(
    "has each call attributed and priced as the provider billed it",
    async ({ skip }) => {
      if (command === null) {
        skip(`no binary of it is installed for ${process.platform} on ${process.arch}`);
        return;
      }
      const service = name.toLowerCase().replaceAll(/\W+/g, "-");
      // The same seed for each, so that the rows are the same.
      const simulator = await startSimulator({ seed: 1 });
      try {
        await runExample(simulator, service, command, args);
        expect(simulator.journal()).toHaveLength(12);
        const rows = [REFUSED_ROW, ...simulator.journal().map(toRow)];
        await expect.poll(() => readRows(service), SETTLED).toEqual(rows);
      } finally {
        await simulator.close();
      }
    },
    RUN_TIMEOUT_MS,
  );
});

async function runExample(simulator: Simulator, service: string, command: string, args: string[]): Promise<void> {
  await run(command, args, {
    cwd: args.includes(APP) ? EXAMPLE_DIR : OUT_DIR,
    timeout: RUN_TIMEOUT_MS,
    env: {
      ...toNeutralEnvironment(process.env),
      OPENAI_API_KEY: "any",
      ANTHROPIC_API_KEY: "any",
      GEMINI_API_KEY: "any",
      GROQ_API_KEY: "any",
      OPENAI_BASE_URL: `${simulator.url}/openai-api/v1`,
      ANTHROPIC_BASE_URL: `${simulator.url}/anthropic-api`,
      GOOGLE_GEMINI_BASE_URL: `${simulator.url}/google-api`,
      GROQ_BASE_URL: `${simulator.url}/groq-api`,
      OTEL_EXPORTER_OTLP_ENDPOINT: up.otlp,
      OTEL_SERVICE_NAME: service,
      // The first call is refused once, and the SDK retries it.
      QUESTION: "[fault=429-once:first] What does OpenTelemetry do?",
    },
  });
}

describe("the worker, bundled without Node's builds of anything", () => {
  it("has its call attributed and priced as the provider billed it", async () => {
    const simulator = await startSimulator();
    try {
      const env = {
        OPENAI_API_KEY: "any",
        OPENAI_BASE_URL: `${simulator.url}/openai-api/v1`,
        OTLP_URL: up.otlp,
      };
      const script = `
        const { default: worker } = await import(${JSON.stringify(join(OUT_DIR, "worker.mjs"))});
        const waitFor = [];
        await worker.fetch(undefined, ${JSON.stringify(env)}, { waitUntil: (promise) => waitFor.push(promise) });
        await Promise.all(waitFor);`;
      await run(process.execPath, ["--input-type=module", "--eval", script], { cwd: OUT_DIR, timeout: RUN_TIMEOUT_MS });
      const caller = { tenant_id: "initech", user_id: "u-7", feature: "edge" };
      const rows = simulator.journal().map((call) => ({ ...toRow(call, 1), ...caller }));
      expect(rows).toHaveLength(1);
      expect(await readRows("example-worker")).toEqual(rows);
    } finally {
      await simulator.close();
    }
  });
});

const ACME = { tenant_id: "acme", user_id: "u-17", feature: "chat" };
const GLOBEX = { tenant_id: "globex", user_id: "u-42", feature: "live" };
const REFUSED_ROW = {
  ...ACME,
  provider: "openai",
  response_id: "",
  attempt: 0,
  input_tokens: null,
  output_tokens: null,
  cost: null,
  cost_status: "not_billed",
};
const PLAIN_CALLS = 6;

function readRows(service: string): Promise<unknown[]> {
  const sql = `SELECT ${Object.keys(REFUSED_ROW).join(", ")} FROM calls WHERE service = '${service}' ORDER BY started_at`;
  return query(up, sql);
}

function toRow(call: BilledCall, index: number): typeof REFUSED_ROW | object {
  return {
    ...(index < PLAIN_CALLS ? ACME : GLOBEX),
    provider: call.provider,
    response_id: call.responseId,
    attempt: index === 0 ? 1 : 0,
    input_tokens: `${call.usage.input}`,
    output_tokens: `${call.usage.output}`,
    cost: toCost(call),
    cost_status: "priced",
  };
}

/** In USD, of usage without cache writes. */
function toCost({ model, usage }: BilledCall): string {
  const price = PRICES[model];
  if (price === undefined) throw new Error(`No price was worked out for ${model}.`);
  const picoUsd =
    BigInt(usage.input - usage.cacheRead) * price.input +
    BigInt(usage.cacheRead) * price.cacheRead +
    BigInt(usage.output) * price.output;
  return toUsd(picoUsd);
}

/** The binary that an optional dependency of a runtime's package holds, so that no script need run at install. */
function findBinary(runtime: string, packageName: string, path: string): string | null {
  try {
    const manifest = createRequire(join(EXAMPLE_DIR, "package.json")).resolve(`${runtime}/package.json`);
    const folder = dirname(createRequire(manifest).resolve(`${packageName}/package.json`));
    const binary = join(folder, `${path}${process.platform === "win32" ? ".exe" : ""}`);
    return existsSync(binary) ? binary : null;
  } catch {
    return null;
  }
}

function onWindows(name: string): string {
  return process.platform === "win32" ? name : process.platform;
}

function onLinux(suffix: string): string {
  return process.platform === "linux" ? suffix : "";
}
