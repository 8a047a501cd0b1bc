import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Simulator, startSimulator } from "../../simulator/src/index.ts";
import { startTestServer, type TestServer } from "../../server/test/running-server.ts";
import { toCost } from "./call-table/expected-rows.ts";

const APPS_DIR = fileURLToPath(new URL("beside-others", import.meta.url));
/** Of the version of `@opentelemetry/instrumentation` that the official instrumentation uses: loader and hooks go together. */
const LOADER = pathToFileURL(
  createRequire(createRequire(import.meta.url).resolve("@opentelemetry/instrumentation-openai")).resolve(
    "@opentelemetry/instrumentation/hook.mjs",
  ),
).href;
const APP_TIMEOUT_MS = 25_000;

/** Apps that have us and somebody else observe the same calls, and that somebody's scope. */
const APPS = [
  {
    app: "official-openai",
    what: "the official OpenAI instrumentation",
    scope: "@opentelemetry/instrumentation-openai",
  },
  { app: "traceloop-openai", what: "OpenLLMetry", scope: "@traceloop/instrumentation-openai" },
  { app: "openinference-openai", what: "OpenInference", scope: "@arizeai/openinference-instrumentation-openai" },
  { app: "anthropic-tracing", what: "the Anthropic SDK's own tracing", scope: "com.anthropic.sdk.typescript" },
  { app: "ai-sdk", what: "the AI SDK and its telemetry", scope: "gen_ai" },
  {
    app: "langchain",
    what: "LangChain.js and its telemetry",
    scope: "@arizeai/openinference-instrumentation-langchain",
  },
  {
    app: "openai-agents",
    what: "the OpenAI Agents SDK and its telemetry",
    scope: "@arizeai/openinference-instrumentation-openai-agents",
  },
];

/** Who each app's calls are made for, in order. */
const CALLERS = [
  { tenant_id: "acme", user_id: "u-17", feature: "chat" },
  { tenant_id: "globex", user_id: "u-42", feature: "summary" },
];

describe.each(APPS)("beside $what", ({ app, scope }) => {
  let server: TestServer;
  let simulator: Simulator;

  beforeAll(async () => {
    [server, simulator] = await Promise.all([startTestServer(), startSimulator()]);
    await runApp(app, server.server.urls.otlp, simulator.url);
  });

  afterAll(async () => {
    await Promise.all([server?.stop(), simulator?.close()]);
  });

  it("each call is counted once, at what the provider billed, for who caused it", async () => {
    const billed = simulator.journal();
    expect(billed.map(({ streamed, outcome }) => [streamed, outcome])).toEqual([
      [false, "complete"],
      [true, "complete"],
    ]);
    const expected = billed.map((call, index) => ({
      ...CALLERS[index],
      model_reported: call.model,
      input_tokens: String(call.usage.input),
      output_tokens: String(call.usage.output),
      cost: toCost(call),
      cost_status: "priced",
    }));
    const rows = await server.waitFor(
      `SELECT tenant_id, user_id, feature, model_reported, input_tokens, output_tokens, cost, cost_status
       FROM calls ORDER BY started_at`,
      (calls) => JSON.stringify(calls) === JSON.stringify(expected),
    );
    expect(rows).toEqual(expected);
  });

  it("the other one reported them as well", async () => {
    const scopes = await server.sql<{ ScopeName: string }>("SELECT DISTINCT ScopeName FROM otel_traces");
    expect(scopes.map(({ ScopeName }) => ScopeName)).toContain(scope);
  });

  it("our own spans have exactly what the provider billed", async () => {
    const spans = await server.sql(`
      SELECT SpanAttributes['gen_ai.response.id'] AS id, SpanAttributes['gen_ai.usage.input_tokens'] AS input,
             SpanAttributes['gen_ai.usage.output_tokens'] AS output
      FROM otel_traces WHERE ScopeName LIKE '@spancost/instrumentation-%' ORDER BY Timestamp`);
    expect(spans).toEqual(
      simulator
        .journal()
        .map(({ responseId, usage }) => ({ id: responseId, input: `${usage.input}`, output: `${usage.output}` })),
    );
  });
});

async function runApp(app: string, otlpUrl: string, simulatorUrl: string): Promise<void> {
  const flags = ["--conditions=@spancost/source", `--experimental-loader=${LOADER}`];
  const environment = Object.entries(process.env).filter(([name]) => !/^(?:SPANCOST|OTEL|VITEST|NODE)_?/.test(name));
  await promisify(execFile)(process.execPath, [...flags, "--no-warnings", `${app}.mjs`], {
    cwd: APPS_DIR,
    timeout: APP_TIMEOUT_MS,
    env: {
      ...Object.fromEntries(environment),
      OPENAI_API_KEY: "any",
      ANTHROPIC_API_KEY: "any",
      OPENAI_BASE_URL: `${simulatorUrl}/openai-api/v1`,
      ANTHROPIC_BASE_URL: `${simulatorUrl}/anthropic-api`,
      OTEL_EXPORTER_OTLP_ENDPOINT: otlpUrl,
    },
  });
}
