import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";

import { driveTenants, planCalls, startDemoTelemetry } from "../src/demo.ts";
import { DemoError } from "../src/demo/demo-error.ts";
import { type Simulator, startSimulator } from "../src/index.ts";
import { readBody } from "../src/read-body.ts";

/** A span as OTLP's JSON has it, as far as these tests look. */
interface OtlpSpan {
  readonly scope: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
}

let simulator: Simulator;
let receiver: Server;
let otlpUrl: string;
const spans: OtlpSpan[] = [];

beforeAll(async () => {
  simulator = await startSimulator();
  receiver = createServer((request, response) => {
    void readBody(request).then(({ text }) => {
      const { resourceSpans } = JSON.parse(text);
      for (const { scopeSpans } of resourceSpans) {
        for (const { scope, spans: own } of scopeSpans)
          spans.push(...own.map((span: object) => ({ ...span, scope: scope.name })));
      }
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  const address = receiver.address();
  otlpUrl = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
});

afterAll(async () => {
  receiver.close();
  await simulator.close();
});

test("every planned call is billed once, and its span has the tenant, user, feature and tokens that the journal has", async () => {
  const telemetry = startDemoTelemetry({ simulatorUrl: simulator.url, otlpUrl });
  await driveTenants({ simulatorUrl: simulator.url });
  await telemetry.flush();
  await telemetry.shutdown();
  const fromSpans = spans.filter(isOurs).map(toLine);
  const fromJournal = simulator.journal().map(({ tenantHint, userHint, featureHint, model, usage }) => {
    const writes = [usage.cacheWrite5m + usage.cacheWrite1h, usage.cacheWrite1h];
    return [
      tenantHint,
      userHint,
      featureHint,
      model,
      usage.input,
      usage.cacheRead,
      ...writes,
      usage.output,
      usage.reasoning,
    ].join(" ");
  });
  expect(fromJournal).toHaveLength(planCalls().length);
  expect(fromSpans.toSorted()).toEqual(fromJournal.toSorted());
});

test("the Anthropic SDK traces its calls by itself: each of its spans is the parent of ours for the same response", () => {
  const own = spans.filter((span) => span.scope === "com.anthropic.sdk.typescript");
  const children = own.map((parent) => spans.find((span) => span.parentSpanId === parent.spanId));
  expect(own).toHaveLength(planCalls().filter((call) => call.kind.startsWith("anthropic")).length);
  expect(children.map((child) => child?.scope)).toEqual(own.map(() => "@spancost/instrumentation-anthropic"));
  expect(children.map((child) => child && read(child, "gen_ai.response.id"))).toEqual(
    own.map((span) => read(span, "gen_ai.response.id")),
  );
});

test("attribution does not leave the process towards the providers", () => {
  const headers = simulator.requests().map((request) => JSON.stringify(request.headers));
  expect(headers.filter((text) => /baggage|tenant|acme|globex|initech/.test(text))).toEqual([]);
});

test("a failing call stops the drive with a message that names it", async () => {
  const [first] = planCalls();
  if (first === undefined) throw new Error("Nothing is planned.");
  const calls = [{ ...first, kind: "google generate" as const, prompt: "[fault=500]" }];
  const drive = driveTenants({ simulatorUrl: simulator.url, calls });
  await expect(drive).rejects.toThrow(DemoError);
  await expect(drive).rejects.toThrow('The call "google generate" of tenant acme failed');
});

function isOurs(span: OtlpSpan): boolean {
  return span.scope.startsWith("@spancost/instrumentation-");
}

/** The same figures in the same order as a line made from the journal; what a span does not say is 0. */
function toLine(span: OtlpSpan): string {
  const identity = ["tenant_id", "user_id", "feature", "gen_ai.response.model"].map((name) => read(span, name));
  const usage = [
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.cache_write.input_tokens",
    "spancost.usage.cache_write_1h.input_tokens",
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.reasoning.output_tokens",
  ];
  return [...identity, ...usage.map((name) => read(span, name) ?? 0)].join(" ");
}

function read(span: OtlpSpan, name: string): unknown {
  const value = span.attributes.find((attribute) => attribute.key === name)?.value;
  return value === undefined ? undefined : Object.values(value)[0];
}
