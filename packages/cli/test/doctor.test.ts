import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { examineApp } from "../src/doctor/examine-app.ts";
import { readApp } from "../src/doctor/read-app.ts";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const NODE_VERSION = "24.0.0";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

interface App {
  /** Dependencies of the healthy app that this one does not have. */
  readonly without?: readonly string[];
  readonly engines?: Readonly<Record<string, string>>;
  readonly installed?: Readonly<Record<string, string>>;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
}

/** An app in a folder of its own; a healthy one, but for what a test puts into it. */
function createApp({ installed = {}, scripts = {}, files = {}, without = [], engines }: App): string {
  const folder = mkdtempSync(join(tmpdir(), "spancost-doctor-"));
  folders.push(folder);
  const all = { openai: "7.55.0", "@spancost/node": "0.1.0", "@spancost/otel": "0.1.0", ...installed };
  const packages = Object.fromEntries(Object.entries(all).filter(([name]) => !without.includes(name)));
  write(
    folder,
    "package.json",
    JSON.stringify({
      dependencies: packages,
      engines,
      scripts: { start: "node --import @spancost/node/register app.js", ...scripts },
    }),
  );
  for (const [name, version] of Object.entries(packages))
    write(folder, `node_modules/${name}/package.json`, JSON.stringify({ name, version }));
  const healthy = {
    "app.js": `import OpenAI from "openai"; import { withAttribution } from "@spancost/otel";
      const client = new OpenAI();
      export const ask = (tenantId) => withAttribution({ tenantId }, () => client.chat.completions.create({ model: "gpt-5", stream: true }));`,
  };
  for (const [file, text] of Object.entries({ ...healthy, ...files })) write(folder, file, text);
  return folder;
}

function write(folder: string, file: string, text: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), text);
}

function examine(app: App, nodeVersion = NODE_VERSION): (readonly [check: string, where: string | undefined])[] {
  return examineApp(readApp(createApp(app), nodeVersion)).map(({ check, where }) => [check, where]);
}

/** An app that has its own SDK instead of ours. */
const OWN = { scripts: { start: "node app.js" }, without: ["@spancost/node"] };
const OURS = '\nimport { OpenAIInstrumentation } from "@spancost/instrumentation-openai"; new OpenAIInstrumentation();';
const ATTRIBUTED = `import OpenAI from "openai"; import { withAttribution } from "@spancost/otel"; withAttribution({ tenantId: "t" }, () => 1);`;

describe("spancost doctor", () => {
  it("finds nothing in a healthy app", () => {
    expect(examine({})).toEqual([]);
  });

  it("finds calls that nothing records", () => {
    expect(examine({ ...OWN, files: { "app.js": ATTRIBUTED } })).toEqual([["unseen-calls", "app.js:1"]]);
  });

  it("finds calls that are made for nobody", () => {
    const files = { "app.js": '\nconst { OpenAI } = require("openai");' };
    expect(examine({ files })).toEqual([["calls-without-tenant", "app.js:2"]]);
  });

  it("finds two instrumentations of the same calls, and an SDK that traces itself", () => {
    const files = {
      "telemetry.ts": 'import { OpenAIInstrumentation } from "@opentelemetry/instrumentation-openai";',
      "claude.mts": 'import Anthropic from "@anthropic-ai/sdk";',
    };
    expect(examine({ files, installed: { "@anthropic-ai/sdk": "1.11.0" } })).toEqual([
      ["double-instrumentation", "telemetry.ts:1"],
      ["double-instrumentation", undefined],
    ]);
    expect(
      examine({ files: { "claude.mts": files["claude.mts"] }, installed: { "@anthropic-ai/sdk": "0.137.0" } }),
    ).toEqual([]);
  });

  it("finds a tracer provider without a context manager", () => {
    const provider = "const provider = new BasicTracerProvider({ spanProcessors: [new AttributionSpanProcessor()] });";
    const app = (more: string) => ({
      ...OWN,
      files: { "app.js": `${ATTRIBUTED}\n${provider}${more}${OURS}` },
    });
    expect(examine(app(""))).toEqual([["missing-context-manager", "app.js:2"]]);
    expect(examine(app("context.setGlobalContextManager(manager);"))).toEqual([]);
  });

  it("finds attribution in baggage that the stock propagator would send everywhere", () => {
    const leak = `propagation.createBaggage({ "tenant_id": { value: id } }); baggage.setEntry("userId", { value: id });
      withAttribution({ tenantId }, fn, { baggage: true }); baggage.setEntry("flag", { value: "1" });`;
    const app = (more: string) => ({ ...OWN, files: { "app.js": `${ATTRIBUTED}\n${leak}${more}${OURS}` } });
    expect(examine(app(""))).toEqual([
      ["leaking-baggage", "app.js:3"],
      ["leaking-baggage", "app.js:2"],
      ["leaking-baggage", "app.js:2"],
    ]);
    expect(examine(app("new AttributionPropagator();"))).toEqual([]);
  });

  it("finds streams without usage where our instrumentation does not ask for it", () => {
    const other = '\nimport "@opentelemetry/instrumentation-openai";';
    const calls = [
      "client.chat.completions.create({ stream: true })",
      "(await client()).chat.completions.create({ stream: true, stream_options: { include_usage: false } } as const)",
      "client.chat.completions.create({ stream: true, stream_options: { include_usage: true } })",
      "client.chat.completions.create({ stream: true, ...rest })",
      "client.chat.completions.create({ stream: true, stream_options: options })",
      "client.chat.completions.create({ model })",
    ];
    const files = { "app.js": "", "app.ts": `${ATTRIBUTED}${other}\n${calls.join(";\n")};` };
    expect(examine({ ...OWN, files })).toEqual([
      ["stream-without-usage", "app.ts:3"],
      ["stream-without-usage", "app.ts:4"],
    ]);
  });

  it("finds samplers that make the bill smaller", () => {
    const app = (sampler: string) => ({ ...OWN, files: { "app.js": `${ATTRIBUTED}${OURS}\n${sampler}` } });
    expect(examine(app("new TraceIdRatioBasedSampler(0.1)"))).toEqual([["sampled-bill", "app.js:3"]]);
    expect(examine(app("new BillingSampler(new TraceIdRatioBasedSampler(0.1))"))).toEqual([]);
    const scripts = { start: "OTEL_TRACES_SAMPLER=parentbased_traceidratio node app.js" };
    expect(examine({ ...app(""), scripts })).toEqual([["sampled-bill", "package.json"]]);
  });

  it("finds versions that nobody has tested, and OpenTelemetry APIs that do not see each other", () => {
    expect(examine({ installed: { openai: "3.3.0" } })).toEqual([["unsupported-version", "package.json"]]);
    const files = {
      "node_modules/@opentelemetry/api/package.json": '{ "version": "1.10.0" }',
      "node_modules/some-sdk/node_modules/@opentelemetry/api/package.json": '{ "version": "1.9.1" }',
    };
    expect(examine({ files })).toEqual([["several-otel-apis", "node_modules"]]);
  });

  it("finds attribution that no processor writes onto the spans of the app's own SDK", () => {
    const app = (setup: string) => ({ ...OWN, files: { "app.js": `${ATTRIBUTED}${OURS}\n${setup}` } });
    const found = [["attribution-not-exported", "app.js:3"]];
    expect(examine(app("new NodeSDK({ instrumentations: [] })"))).toEqual(found);
    expect(examine(app("new NodeTracerProvider({}).register()"))).toEqual(found);
    expect(examine(app("new NodeSDK({ spanProcessors: [new AttributionSpanProcessor()] })"))).toEqual([]);
    expect(examine(app("new NodeSDK({ spanProcessors: [new SpancostSpanProcessor({ exporter })] })"))).toEqual([]);
    expect(examine(app('import { AttributionSpanProcessor as Writer } from "@spancost/otel"; new NodeSDK();'))).toEqual(
      [],
    );
    expect(examine({ ...app("new NodeSDK()"), scripts: {}, without: [] }).map(([check]) => check)).toEqual([]);
  });

  it("warns of @spancost/node that nothing in the folder loads, and of nothing that it would cure", () => {
    const scripts = OWN.scripts;
    const files = {
      "app.js": `${ATTRIBUTED}\nnew BasicTracerProvider(); new TraceIdRatioBasedSampler(0.1);
        client.chat.completions.create({ stream: true }); baggage.setEntry("tenant_id", { value });`,
    };
    const warning = [["spancost-not-loaded", "package.json"]];
    expect(examine({ scripts, files })).toEqual(warning);
    const start = "node --import @spancost/node/register app.js";
    const starts = {
      Dockerfile: `CMD ["sh", "-c", "${start}"]`,
      Procfile: `web: ${start}`,
      "bin/start.sh": start,
      "ecosystem.config.cjs": 'module.exports = { apps: [{ node_args: "--import @spancost/node/register" }] };',
      ".env": "NODE_OPTIONS=--import @spancost/node/register",
    };
    for (const [file, text] of Object.entries(starts))
      expect(examine({ scripts, files: { ...files, [file]: text } }), file).toEqual([]);
    const commented = { ...files, Dockerfile: `RUN npm install @spancost/node\n# CMD ${start}` };
    expect(examine({ scripts, files: commented })).toEqual(warning);
  });

  it("warns of a Node that the app allows and our packages do not, or that runs the doctor", () => {
    expect(examine({ engines: { node: ">=18" } })).toEqual([["unsupported-node", "package.json"]]);
    expect(examine({ engines: { node: ">=22.15" } })).toEqual([]);
    expect(examine({ files: { ".nvmrc": "v20.11.0\n" } })).toEqual([["unsupported-node", ".nvmrc"]]);
    expect(examine({ files: { ".nvmrc": "lts/*\n", ".node-version": "24\n" } })).toEqual([]);
    expect(examine({ files: { ".node-version": "20" } })).toEqual([["unsupported-node", ".node-version"]]);
    expect(examine({}, "20.11.0")).toEqual([["unsupported-node", "node --version"]]);
  });

  it("groups what records the same calls into one finding, and says what to keep", () => {
    const files = {
      "telemetry.ts": 'import "@traceloop/instrumentation-openai"; import "@langfuse/openai"; import "openlit";',
    };
    const [finding, ...more] = examineApp(readApp(createApp({ files }), NODE_VERSION));
    expect(more).toEqual([]);
    expect(finding?.message).toMatch(
      /^@spancost\/node, @traceloop\/instrumentation-openai, @langfuse\/openai and openlit record the same calls\./,
    );
    expect(finding?.fix).toMatch(
      /^Keep @spancost\/node: .* Remove @traceloop\/instrumentation-openai, @langfuse\/openai and openlit unless/,
    );
  });

  it("says what it could not check, and reads neither tests nor what was built or installed", () => {
    const files = {
      "broken.ts": "const = ;",
      "dist/app.js": 'import "openlit";',
      "app.test.ts": 'import "openlit";',
      "node_modules/x/index.js": 'import "openlit";',
    };
    expect(examine({ files })).toEqual([["unreadable-source", "broken.ts"]]);
  });

  it("ends with 0 when nothing is wrong, 1 for errors, 2 where there is no app", async () => {
    expect(await run(createApp({}))).toEqual({ code: 0, checks: [] });
    expect(await run(createApp({ installed: { openai: "3.3.0" } }))).toEqual({
      code: 1,
      checks: ["unsupported-version"],
    });
    const warned = createApp({ files: { "broken.ts": "const = ;" } });
    expect(await run(warned)).toEqual({ code: 0, checks: ["unreadable-source"] });
    expect(await run(warned, "--strict")).toEqual({ code: 1, checks: ["unreadable-source"] });
    expect((await run(join(createApp({}), "nowhere"))).code).toBe(2);
  });

  it("takes a relative folder from where npm was started", async () => {
    const folder = createApp({ installed: { openai: "3.3.0" } });
    const { stdout } = await runText(["."], { INIT_CWD: folder });
    expect(stdout).toContain("openai 3.3.0");
    expect(stdout).toContain("Fix: Install the newest major that is tested: npm install openai@7.");
    expect(stdout).toMatch(/\n1 error, 0 warnings\.\n$/);
  });

  it("says why there is no app in a folder", async () => {
    const folder = createApp({});
    const nowhere = join(folder, "nowhere");
    expect((await runText([nowhere])).stderr).toContain(`${nowhere} does not exist.`);
    write(folder, "empty/app.js", "");
    expect((await runText([join(folder, "empty")])).stderr).toContain("empty has no package.json.");
    write(folder, "package.json", "{");
    expect((await runText([folder])).stderr).toContain("package.json cannot be read as JSON.");
  });
});

function runText(args: readonly string[], variables = {}): Promise<{ stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const env = { ...process.env, ...variables };
    execFile(process.execPath, [MAIN, "doctor", ...args], { env }, (_error, stdout, stderr) =>
      resolve({ stdout, stderr }),
    );
  });
}

function run(folder: string, ...flags: string[]): Promise<{ code: number; checks: string[] }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, "doctor", folder, "--format", "json", ...flags], (error, stdout) => {
      const { findings } = JSON.parse(stdout || '{"findings":[]}') as { findings: { check: string }[] };
      resolve({ code: typeof error?.code === "number" ? error.code : 0, checks: findings.map(({ check }) => check) });
    });
  });
}
