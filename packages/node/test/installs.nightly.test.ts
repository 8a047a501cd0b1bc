import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startSimulator } from "@spancost/simulator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startOtlpSink } from "./otlp-sink.ts";

const PACKAGES = fileURLToPath(new URL("../..", import.meta.url));
const APP = fileURLToPath(new URL("apps/call-and-cost.js", import.meta.url));
const PNPM = ["--yes", "pnpm@12.21.0"];
const TIMEOUT_MS = 300_000;
/** Of each line the API, the SDK and its exporter. */
const LINES = {
  "2.x": ["1.9.1", "0.223.0"],
  "3.x": ["1.10.0", "0.301.0"],
} as const;
const MANAGERS = {
  npm: { command: "npm", args: ["install", "--no-audit", "--no-fund"] },
  pnpm: { command: "npx", args: [...PNPM, "install"] },
} as const;
const CASES = (["npm", "pnpm"] as const).flatMap((manager) =>
  (["2.x", "3.x"] as const).map((line) => [manager, line] as const),
);

/** An SDK of the app's own, which exports elsewhere. */
const TELEMETRY = `
import { DiagConsoleLogger, DiagLogLevel, diag } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { NodeSDK } from "@opentelemetry/sdk-node";

diag.setLogger(new DiagConsoleLogger(), DiagLogLevel.WARN);
const sdk = new NodeSDK({ traceExporter: new OTLPTraceExporter({ url: process.env.TRACES_URL }) });
sdk.start();
process.once("beforeExit", () => void sdk.shutdown());
`;

const folder = mkdtempSync(join(tmpdir(), "spancost-installs-"));
const [ours, theirs, simulator] = await Promise.all([startOtlpSink(), startOtlpSink(), startSimulator()]);
const run = promisify(execFile);
let packed: Readonly<Record<string, string>>;

beforeAll(async () => {
  packed = Object.fromEntries(await Promise.all(findPackages("node").map(pack)));
}, TIMEOUT_MS);
afterAll(async () => {
  await Promise.all([ours.close(), theirs.close(), simulator.close()]);
  rmSync(folder, { recursive: true, force: true });
});

describe.each(CASES)("an app installed by %s, with a NodeSDK %s of its own", (manager, line) => {
  const cwd = join(folder, `${manager}-${line}`);
  beforeAll(() => install(cwd, manager, line), TIMEOUT_MS);

  it.each([
    ["before", ["./telemetry.js", "@spancost/node/register"]],
    ["after", ["@spancost/node/register", "./telemetry.js"]],
  ])(
    "that starts %s register has its calls and costs attributed, and its own spans where they went",
    async (_name, files) => {
      const imports = files.flatMap((file) => ["--import", file]);
      const { stdout, stderr } = await run(process.execPath, [...imports, "app.js"], { cwd, env: toEnvironment() });
      expect(stdout + stderr).toBe("");
      expect(ours.take().map(({ name, attributes }) => [name, attributes["tenant_id"]])).toEqual([
        ["chat gpt-5-mini", "acme"],
        ["cost search", "acme"],
      ]);
      expect(theirs.take().map(({ name }) => name)).toEqual(["work"]);
    },
  );
});

function toEnvironment() {
  return {
    OPENAI_BASE_URL: `${simulator.url}/openai/v1`,
    OTEL_EXPORTER_OTLP_ENDPOINT: ours.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_METRICS_EXPORTER: "none",
    OTEL_LOGS_EXPORTER: "none",
    TRACES_URL: `${theirs.url}/v1/traces`,
  };
}

/** The folders of a package of ours, and of all of ours that it depends on. */
function findPackages(name: string): readonly string[] {
  const { dependencies = {} } = JSON.parse(readFileSync(join(PACKAGES, name, "package.json"), "utf8")) as {
    readonly dependencies?: Readonly<Record<string, string>>;
  };
  const own = Object.keys(dependencies).filter((dependency) => dependency.startsWith("@spancost/"));
  return [...new Set([name, ...own.flatMap((dependency) => findPackages(dependency.replace("@spancost/", "")))])];
}

/** Packs a package as it would be published. */
async function pack(name: string): Promise<[string, string]> {
  const target = join(folder, "packed", name);
  mkdirSync(target, { recursive: true });
  await run("npx", [...PNPM, "pack", "--pack-destination", target], { cwd: join(PACKAGES, name) });
  return [`@spancost/${name}`, `file:${join(target, readdirSync(target)[0] ?? "")}`];
}

async function install(cwd: string, manager: keyof typeof MANAGERS, line: keyof typeof LINES): Promise<void> {
  const [api, sdk] = LINES[line];
  const { "@spancost/node": node = "", "@spancost/otel": otel = "", ...others } = packed;
  const dependencies = {
    "@opentelemetry/api": api,
    "@opentelemetry/exporter-trace-otlp-http": sdk,
    "@opentelemetry/sdk-node": sdk,
    "@spancost/node": node,
    "@spancost/otel": otel,
    openai: "7.55.0",
  };
  mkdirSync(cwd);
  cpSync(APP, join(cwd, "app.js"));
  writeFileSync(join(cwd, "telemetry.js"), TELEMETRY);
  const manifest = {
    name: "app",
    private: true,
    type: "module",
    dependencies,
    overrides: { ...others, "@spancost/otel": "$@spancost/otel" },
  };
  writeFileSync(join(cwd, "package.json"), JSON.stringify(manifest));
  const overrides = JSON.stringify({ ...others, "@spancost/otel": otel });
  writeFileSync(join(cwd, "pnpm-workspace.yaml"), `packages: ["."]\noverrides: ${overrides}\nstrictDepBuilds: false\n`);
  const { command, args } = MANAGERS[manager];
  await run(command, args, { cwd });
}
