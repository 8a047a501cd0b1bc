import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { startSimulator } from "@spancost/simulator";
import { afterAll, describe, expect, it } from "vitest";
import { startOtlpSink } from "./otlp-sink.ts";

const APP = fileURLToPath(new URL("apps/one-call.js", import.meta.url));
const REGISTER = fileURLToPath(new URL("../dist/register.js", import.meta.url));

const [sink, simulator] = await Promise.all([startOtlpSink(), startSimulator()]);
afterAll(() => Promise.all([sink.close(), simulator.close()]));

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

/** Runs the app; one that says "ready" is sent SIGTERM. */
function run(ending: string, environment: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const child = spawn(process.execPath, ["--import", REGISTER, APP, ending], {
    env: {
      PATH: process.env["PATH"] ?? "",
      OPENAI_BASE_URL: `${simulator.url}/openai/v1`,
      OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_SERVICE_NAME: "shop",
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const read = (text: string) => {
    output += text;
    if (output.includes("ready\n")) child.kill("SIGTERM");
  };
  child.stdout.setEncoding("utf8").on("data", read);
  child.stderr.setEncoding("utf8").on("data", read);
  return new Promise((resolve) => child.once("close", (code, signal) => resolve({ code, signal, output })));
}

const SPANS = [
  expect.objectContaining({ name: "chat gpt-5-mini", scope: "@spancost/instrumentation-openai" }),
  expect.objectContaining({ name: "work", scope: "app" }),
];

describe("node --import @spancost/node/register", () => {
  it.each([
    ["ends by itself", "end", { code: 0, signal: null }],
    ["calls process.exit", "exit", { code: 0, signal: null }],
    ["is ended by a signal", "signal", { code: null, signal: "SIGTERM" }],
    ["ends itself when it gets a signal", "own-handler", { code: 7, signal: null }],
    ["ends by an error", "throw", { code: 1, signal: null }],
  ])("exports all spans of an app that %s, which ends as it would have", async (_name, ending, expected) => {
    const { output, ...ended } = await run(ending);
    expect(ended).toEqual(expected);
    expect(output).not.toContain("spancost");
    const spans = sink.take();
    expect(spans).toEqual(SPANS);
    const billed = simulator.journal().at(-1);
    expect(spans[0]?.attributes).toMatchObject({
      tenant_id: "acme",
      user_id: "u-1",
      feature: "chat",
      "gen_ai.usage.input_tokens": billed?.usage.input,
      "gen_ai.usage.output_tokens": billed?.usage.output,
      "gen_ai.usage.cost.source": "local",
    });
  });

  it("keeps the bill whole when the traces are sampled", async () => {
    await run("end", { OTEL_TRACES_SAMPLER: "always_off" });
    const spans = sink.take();
    expect(spans.map(({ name }) => name)).toEqual(["chat gpt-5-mini"]);
    expect(spans[0]?.attributes).toMatchObject({ tenant_id: "acme", "spancost.sampling": "billing" });
  });

  it("says what is wrong with its settings, and keeps the others", async () => {
    const { code, output } = await run("end", {
      SPANCOST_SIGNING_KEYS: "no key",
      SPANCOST_TENANT_KEY: "customer",
      OTEL_TRACES_SAMPLER: "sometimes",
    });
    expect(code).toBe(0);
    expect(output).toContain("SPANCOST_SIGNING_KEYS: signing key 1 must be <key id>:<base64 of its bytes>");
    expect(output).toContain('OTEL_TRACES_SAMPLER knows always_on, always_off, traceidratio here, not "sometimes"');
    expect(sink.take()[0]?.attributes).toMatchObject({ customer: "acme" });
  });

  it("does nothing when OpenTelemetry is switched off", async () => {
    expect(await run("end", { OTEL_SDK_DISABLED: "true" })).toMatchObject({ code: 0, output: "" });
    expect(sink.take()).toEqual([]);
  });

  it("says that spans are lost when they cannot be sent at exit", async () => {
    const { code, output } = await run("exit", { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1" });
    expect(code).toBe(0);
    expect(output).toContain("2 spans could not be sent to http://127.0.0.1:1/v1/traces");
  });
});
