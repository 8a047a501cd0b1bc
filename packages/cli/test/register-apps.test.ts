import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type BilledCall, type Simulator, startSimulator } from "@spancost/simulator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { query, toUsd } from "./ledger.ts";
import { type UpProcess, startUp, toNeutralEnvironment } from "./up-process.ts";

/**
 * Published price of gpt-5-mini in 1e-12 USD a token: 0.25 USD per million input tokens (0.025 cached), 2.00 USD per million output
 * tokens. @see https://platform.openai.com/docs/pricing
 */
const PRICE = { input: 250_000n, cacheRead: 25_000n, output: 2_000_000n };

const EXAMPLES_DIR = fileURLToPath(new URL("../../../docs/examples", import.meta.url));
const TEST_TIMEOUT_MS = 60_000;
const START_TIMEOUT_MS = 30_000;
const SIGNING_KEYS = `k1:${randomBytes(32).toString("base64")}`;

const ACME = { tenant_id: "acme", user_id: "u-17", feature: "chat" };
const GLOBEX = { tenant_id: "globex", user_id: "u-42", feature: "support" };

type Environment = Readonly<Record<string, string>>;

let dataDir: string;
let up: UpProcess;
let simulator: Simulator;
let traces: TraceSink;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "spancost-register-apps-"));
  [up, simulator, traces] = await Promise.all([startUp({ dataDir }), startSimulator({ seed: 1 }), startTraceSink()]);
});

afterAll(async () => {
  await Promise.all([up?.stop(), simulator?.close(), traces?.close()]);
  rmSync(dataDir, { recursive: true, force: true });
});

describe("a fresh app with --import @spancost/node/register", () => {
  it(
    "has each call attributed and priced as it was billed, a retry, a task and another cost among them",
    async () => {
      const before = simulator.journal().length;
      const app = await startExample("register-fresh", "start", { OTEL_SERVICE_NAME: "fresh" });
      await post(`${app.url}/ask`, "acme", { question: "What does OpenTelemetry do?" });
      await post(`${app.url}/stream`, "acme", { question: "Summarize the history of tracing." });
      await post(`${app.url}/ask`, "globex", { question: "[fault=429-once:fresh] Where is my parcel?" });
      await post(`${app.url}/ticket`, "globex", { question: "Where is my parcel?", ticket: "t-1" });
      expect(await app.stop()).toEqual({ signal: "SIGTERM", output: `${app.url}\n` });
      const [plain, streamed, retried, inTask] = simulator.journal().slice(before);
      expect(await readCalls("fresh")).toEqual([
        { ...ACME, ...toRow(plain) },
        { ...ACME, ...toRow(streamed) },
        { ...GLOBEX, ...REFUSED_ROW },
        { ...GLOBEX, ...toRow(retried), attempt: 1 },
        { ...GLOBEX, ...COST_ROW },
        { ...GLOBEX, ...toRow(inTask), task: "answer ticket" },
      ]);
      expect(streamed?.streamed).toBe(true);
    },
    TEST_TIMEOUT_MS,
  );
});

describe.each([
  ["2.x", "register-beside-sdk-2"],
  ["3.x", "register-beside-sdk-3"],
])("three services with a NodeSDK %s of their own", (_line, example) => {
  it.each([
    ["before register", "start", "always_on"],
    ["after register", "start:register-first", "always_on"],
    ["before register, sampling nothing", "start", "always_off"],
    ["after register, sampling nothing", "start:register-first", "always_off"],
  ])(
    "that starts %s keep the attribution that the first one sets, and their own traces",
    async (_name, script, sampler) => {
      const before = simulator.journal().length;
      const service = `${example} ${script} ${sampler}`;
      const start = (hop: string, env: Environment) =>
        startExample(example, script, { ...env, OTEL_SERVICE_NAME: `${service} ${hop}`, OTEL_TRACES_SAMPLER: sampler });
      const c = await start("c", {});
      const b = await start("b", { NEXT_URL: c.url });
      const a = await start("a", { NEXT_URL: b.url });
      expect(await (await fetch(a.url, { headers: { authorization: "Bearer key-of-acme" } })).text()).not.toBe("");
      for (const app of [a, b, c]) expect(await app.stop()).toEqual({ signal: null, output: `${app.url}\n` });
      const billed = simulator.journal().slice(before);
      expect(billed).toHaveLength(1);
      expect(await readCalls(`${service} c`)).toEqual(billed.map((call) => ({ ...ACME, ...toRow(call) })));
      // The app's own spans go to the app's own place, as without Spancost, and no other spans do.
      const own = traces.take(service);
      expect(own).toEqual(sampler === "always_off" ? [] : OWN_SPANS.map((name) => `${service} ${name}`));
    },
    TEST_TIMEOUT_MS,
  );
});

describe("a bundle in the manner of Next.js", () => {
  it.each([
    ["ES modules in chunks", "start"],
    ["one minified CommonJS file", "start:cjs"],
  ])(
    "of %s has its call attributed and priced as it was billed",
    async (_name, script) => {
      const bundle = readScript("register-bundle", "build");
      await promisify(execFile)(process.execPath, bundle, { cwd: join(EXAMPLES_DIR, "register-bundle") });
      const before = simulator.journal().length;
      const app = await startExample("register-bundle", script, { OTEL_SERVICE_NAME: `bundle ${script}` });
      await post(app.url, "acme", {});
      expect(await app.stop()).toEqual({ signal: "SIGTERM", output: `${app.url}\n` });
      const billed = simulator.journal().slice(before);
      expect(billed).toHaveLength(1);
      expect(await readCalls(`bundle ${script}`)).toEqual(billed.map((call) => ({ ...ACME, ...toRow(call) })));
    },
    TEST_TIMEOUT_MS,
  );
});

/** Spans of the app's own SDK: each service is asked once, and the first two ask the next one. */
const OWN_SPANS = ["a CLIENT", "a SERVER", "b CLIENT", "b SERVER", "c CLIENT", "c SERVER"];

interface ExampleProcess {
  readonly url: string;
  /** Ends it with SIGTERM; resolves to how it ended, and all that it wrote. */
  stop(): Promise<{ readonly signal: NodeJS.Signals | null; readonly output: string }>;
}

/** Starts an example by a script of its package.json, on this Node and a free port; fails with its output when it does not start. */
async function startExample(name: string, script: string, env: Environment): Promise<ExampleProcess> {
  const child = spawn(process.execPath, readScript(name, script), {
    cwd: join(EXAMPLES_DIR, name),
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...toNeutralEnvironment(process.env),
      PORT: "0",
      NODE_NO_WARNINGS: "1",
      OPENAI_API_KEY: "any",
      OPENAI_BASE_URL: `${simulator.url}/openai-api/v1`,
      OTEL_EXPORTER_OTLP_ENDPOINT: up.otlp,
      OTEL_METRICS_EXPORTER: "none",
      OTEL_LOGS_EXPORTER: "none",
      SPANCOST_SIGNING_KEYS: SIGNING_KEYS,
      TRACES_URL: traces.url,
      ...env,
    },
  });
  const { read, url } = watchOutput(child);
  const ended = new Promise<NodeJS.Signals | null>((resolve) =>
    child.once("close", (_code, signal) => resolve(signal)),
  );
  const late = setTimeout(() => child.kill("SIGKILL"), START_TIMEOUT_MS);
  const started = await Promise.race([url, ended.then(() => null)]);
  clearTimeout(late);
  if (started === null) throw new Error(`${name} did not start. It wrote:\n${read()}`);
  return {
    url: started,
    async stop() {
      child.kill("SIGTERM");
      return { signal: await ended, output: read() };
    },
  };
}

function watchOutput(child: ChildProcess) {
  let output = "";
  const url = new Promise<string>((resolve) => {
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        const [found] = /^http:\S+(?=\n)/m.exec(output) ?? [];
        if (found !== undefined) resolve(found);
      });
  });
  return { url, read: () => output };
}

/** The arguments that a script of an example's package.json gives to `node`. */
function readScript(name: string, script: string): string[] {
  const manifest = JSON.parse(readFileSync(join(EXAMPLES_DIR, name, "package.json"), "utf8")) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  const [command, ...args] = (manifest.scripts[script] ?? "").split(" ");
  expect(command).toBe("node");
  return args;
}

async function post(url: string, tenant: string, body: object): Promise<void> {
  const headers = { authorization: `Bearer key-of-${tenant}`, "content-type": "application/json" };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  const text = await response.text();
  expect(response.status, text).toBe(200);
  expect(text).not.toBe("");
}

const REFUSED_ROW = {
  task: "",
  provider: "openai",
  response_id: "",
  attempt: 0,
  input_tokens: null,
  output_tokens: null,
  cost: null,
  cost_status: "not_billed",
};

/** 12 units at 0.000016 USD. */
const COST_ROW = {
  ...REFUSED_ROW,
  task: "answer ticket",
  provider: "pinecone",
  cost: "0.000192",
  cost_status: "provided",
};

function toRow(call: BilledCall | undefined): object {
  if (call === undefined) throw new Error("This call was not billed.");
  return {
    ...REFUSED_ROW,
    response_id: call.responseId,
    input_tokens: `${call.usage.input}`,
    output_tokens: `${call.usage.output}`,
    cost: toCost(call),
    cost_status: "priced",
  };
}

/** In USD, exactly. */
function toCost({ usage }: BilledCall): string {
  const picoUsd =
    BigInt(usage.input - usage.cacheRead) * PRICE.input +
    BigInt(usage.cacheRead) * PRICE.cacheRead +
    BigInt(usage.output) * PRICE.output;
  return toUsd(picoUsd);
}

function readCalls(service: string): Promise<unknown[]> {
  const columns = [...Object.keys(ACME), ...Object.keys(REFUSED_ROW)].join(", ");
  return query(up, `SELECT ${columns} FROM calls WHERE service = '${service}' ORDER BY started_at`);
}

interface TraceSink {
  readonly url: string;
  /** Service and kind of the spans that came, of the services whose names start so, sorted. */
  take(service: string): string[];
  close(): Promise<unknown>;
}

interface TraceBody {
  readonly resourceSpans: readonly {
    readonly resource: {
      readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
    };
    readonly scopeSpans: readonly { readonly spans: readonly { readonly kind: number }[] }[];
  }[];
}

/** OTLP's numbers of the two kinds that an HTTP instrumentation makes. */
const KINDS: Readonly<Record<number, string>> = { 2: "SERVER", 3: "CLIENT" };

/** Another place for traces than Spancost: takes OTLP/JSON on a free loopback port. */
async function startTraceSink(): Promise<TraceSink> {
  const spans: string[] = [];
  const server: Server = createServer((request, response) => {
    json(request).then(
      (body) => {
        spans.push(...readSpans(body as TraceBody));
        response.writeHead(200, { "content-type": "application/json" }).end("{}");
      },
      () => response.writeHead(400).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`,
    take: (service) => spans.filter((span) => span.startsWith(service)).sort(),
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

function readSpans({ resourceSpans }: TraceBody): string[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = resource.attributes.find(({ key }) => key === "service.name")?.value.stringValue ?? "";
    return scopeSpans.flatMap(({ spans }) => spans.map(({ kind }) => `${service} ${KINDS[kind] ?? kind}`));
  });
}
