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
  readonly installed?: Readonly<Record<string, string>>;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
}

/** An app in a folder of its own; a healthy one, but for what a test puts into it. */
function createApp({ installed = {}, scripts = {}, files = {} }: App): string {
  const folder = mkdtempSync(join(tmpdir(), "spancost-doctor-"));
  folders.push(folder);
  const packages = { openai: "7.55.0", "@spancost/node": "0.1.0", "@spancost/otel": "0.1.0", ...installed };
  write(
    folder,
    "package.json",
    JSON.stringify({
      dependencies: packages,
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

/** How an app is started that has its own SDK instead of ours. */
const OWN_START = { start: "node app.js" };
const OURS = '\nimport { OpenAIInstrumentation } from "@spancost/instrumentation-openai"; new OpenAIInstrumentation();';
const ATTRIBUTED = `import OpenAI from "openai"; import { withAttribution } from "@spancost/otel"; withAttribution({ tenantId: "t" }, () => 1);`;

describe("spancost doctor", () => {
  it("finds nothing in a healthy app", () => {
    expect(examine({})).toEqual([]);
  });

  it("finds calls that nothing records", () => {
    expect(examine({ scripts: OWN_START, files: { "app.js": ATTRIBUTED } })).toEqual([["unseen-calls", "app.js:1"]]);
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
    const provider = "const provider = new BasicTracerProvider({ spanProcessors: [] });";
    const app = (more: string) => ({
      scripts: OWN_START,
      files: { "app.js": `${ATTRIBUTED}\n${provider}${more}${OURS}` },
    });
    expect(examine(app(""))).toEqual([["missing-context-manager", "app.js:2"]]);
    expect(examine(app("context.setGlobalContextManager(manager);"))).toEqual([]);
  });

  it("finds attribution in baggage that the stock propagator would send everywhere", () => {
    const leak = `propagation.createBaggage({ "tenant_id": { value: id } }); baggage.setEntry("userId", { value: id });
      withAttribution({ tenantId }, fn, { baggage: true }); baggage.setEntry("flag", { value: "1" });`;
    const app = (more: string) => ({ scripts: OWN_START, files: { "app.js": `${ATTRIBUTED}\n${leak}${more}${OURS}` } });
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
    expect(examine({ scripts: OWN_START, files })).toEqual([
      ["stream-without-usage", "app.ts:3"],
      ["stream-without-usage", "app.ts:4"],
    ]);
  });

  it("finds samplers that make the bill smaller", () => {
    const app = (sampler: string) => ({ scripts: OWN_START, files: { "app.js": `${ATTRIBUTED}${OURS}\n${sampler}` } });
    expect(examine(app("new TraceIdRatioBasedSampler(0.1)"))).toEqual([["sampled-bill", "app.js:3"]]);
    expect(examine(app("new BillingSampler(new TraceIdRatioBasedSampler(0.1))"))).toEqual([]);
    const scripts = { start: "OTEL_TRACES_SAMPLER=parentbased_traceidratio node app.js" };
    expect(examine({ ...app(""), scripts })).toEqual([["sampled-bill", "package.json"]]);
  });

  it("finds versions that nobody has tested, and OpenTelemetry APIs that do not see each other", () => {
    expect(examine({ installed: { openai: "3.3.0" } })).toEqual([["unsupported-version", "package.json"]]);
    expect(examine({}, "20.11.0")).toEqual([["unsupported-version", "package.json"]]);
    const files = {
      "node_modules/@opentelemetry/api/package.json": '{ "version": "1.10.0" }',
      "node_modules/some-sdk/node_modules/@opentelemetry/api/package.json": '{ "version": "1.9.1" }',
    };
    expect(examine({ files })).toEqual([["several-otel-apis", "node_modules"]]);
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
});

function run(folder: string, ...flags: string[]): Promise<{ code: number; checks: string[] }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, "doctor", folder, "--format", "json", ...flags], (error, stdout) => {
      const { findings } = JSON.parse(stdout || '{"findings":[]}') as { findings: { check: string }[] };
      resolve({ code: typeof error?.code === "number" ? error.code : 0, checks: findings.map(({ check }) => check) });
    });
  });
}
