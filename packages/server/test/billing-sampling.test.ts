import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type Context,
  context,
  ROOT_CONTEXT,
  SpanKind,
  trace,
  TraceFlags,
  type TracerProvider,
} from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import {
  AlwaysOnSampler,
  BatchSpanProcessor,
  NodeTracerProvider,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace-node";
import { OpenAIInstrumentation } from "@spancost/instrumentation-openai";
import {
  AttributionSpanProcessor,
  BillingSampler,
  BillingSpanProcessor,
  CostSpanProcessor,
  getOtelCounters,
  SpancostSpanProcessor,
  withAttribution,
} from "@spancost/otel";
import {
  AsyncLocalStorageContextManager,
  context as context3,
  BatchSpanProcessor as BatchSpanProcessor3,
  OTLPTraceExporter as OTLPTraceExporter3,
  ParentBasedSampler as ParentBasedSampler3,
  TracerProvider as TracerProvider3,
  TraceIdRatioBasedSampler as TraceIdRatioBasedSampler3,
} from "otel-line-3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer, type TestServer } from "./running-server.ts";

/** Requests to an app, each with one call of an LLM. */
const REQUESTS = 200;
/** By hand: 200 x (1,000 x 0.15 + 500 x 0.60) USD a million tokens, for gpt-4o-mini (OpenAI's price page, read 2026-11-20). */
const BILL = "0.09";
/** A caller whose trace is not sampled. */
const UNSAMPLED_CALLER = {
  traceId: "a".repeat(32),
  spanId: "b".repeat(16),
  traceFlags: TraceFlags.NONE,
  isRemote: true,
};

interface App extends TracerProvider {
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

let server: TestServer;
let llm: { readonly url: string; close(): Promise<void> };

beforeAll(async () => {
  context3.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  [server, llm] = await Promise.all([startTestServer(), startLlm()]);
});
afterAll(async () => {
  await Promise.all([server.stop(), llm.close()]);
});

/** An app of either line, set up in either way that the README shows. */
const APPS: readonly (readonly [name: string, create: (url: string, isRatio: boolean) => App])[] = [
  [
    "2.x, with SpancostSpanProcessor alone",
    (url, isRatio) =>
      new NodeTracerProvider({
        sampler: new BillingSampler(
          isRatio ? new TraceIdRatioBasedSampler(0.1) : new ParentBasedSampler({ root: new AlwaysOnSampler() }),
        ),
        spanProcessors: [new SpancostSpanProcessor({ exporter: new OTLPTraceExporter({ url }) })],
      }),
  ],
  [
    "2.x, with our three beside a batch processor",
    (url, isRatio) =>
      new NodeTracerProvider({
        sampler: new BillingSampler(
          isRatio ? new TraceIdRatioBasedSampler(0.1) : new ParentBasedSampler({ root: new AlwaysOnSampler() }),
        ),
        spanProcessors: [
          new AttributionSpanProcessor(),
          new CostSpanProcessor(),
          new BillingSpanProcessor({ exporter: new OTLPTraceExporter({ url }), skipSampled: true }),
          new BatchSpanProcessor(new OTLPTraceExporter({ url })),
        ],
      }),
  ],
  [
    "3.x, with SpancostSpanProcessor alone",
    (url, isRatio) =>
      new TracerProvider3({
        sampler: new BillingSampler(
          isRatio
            ? new TraceIdRatioBasedSampler3(0.1)
            : new ParentBasedSampler3({ root: new TraceIdRatioBasedSampler3(1) }),
        ),
        spanProcessors: [new SpancostSpanProcessor({ exporter: new OTLPTraceExporter3({ url }) })],
      }),
  ],
  [
    "3.x, with our three beside a batch processor",
    (url, isRatio) =>
      new TracerProvider3({
        sampler: new BillingSampler(
          isRatio
            ? new TraceIdRatioBasedSampler3(0.1)
            : new ParentBasedSampler3({ root: new TraceIdRatioBasedSampler3(1) }),
        ),
        spanProcessors: [
          new AttributionSpanProcessor(),
          new CostSpanProcessor(),
          new BillingSpanProcessor({ exporter: new OTLPTraceExporter3({ url }), skipSampled: true }),
          new BatchSpanProcessor3({ exporter: new OTLPTraceExporter3({ url }) }),
        ],
      }),
  ],
];

describe.each(APPS)("an app on %s", (name, create) => {
  it.each([
    ["a sampler of 10 %", true, ROOT_CONTEXT],
    ["callers that do not sample", false, trace.setSpanContext(ROOT_CONTEXT, UNSAMPLED_CALLER)],
  ] as const)(
    "bills all of its calls with %s, to the digit, and exports other spans as the sampler says",
    async (by, isRatio, caller) => {
      const before = getOtelCounters();
      const tenantId = `${name} / ${by}`;
      const app = create(`${server.server.urls.otlp}/v1/traces`, isRatio);
      const sampled = await serveRequests(app, tenantId, caller);
      await app.forceFlush();
      await app.shutdown();

      const bill = await server.sql(
        `SELECT count() AS calls, sum(cost) AS cost, uniqExact(trace_id) AS traces FROM calls WHERE tenant_id = '${tenantId}'`,
      );
      expect(bill).toEqual([{ calls: String(REQUESTS), cost: BILL, traces: isRatio ? String(REQUESTS) : "1" }]);
      expect(sampled).toBeLessThan(REQUESTS / 4);
      const spans = (kind: string): Promise<unknown> =>
        server.sql(`SELECT count() AS n FROM otel_traces WHERE ServiceName != '' AND ${kind}`);
      expect(await spans(`SpanName = 'GET ${tenantId}'`)).toEqual([{ n: String(sampled) }]);
      expect(
        await spans(`SpanAttributes['tenant_id'] = '${tenantId}' AND SpanAttributes['spancost.sampling'] = 'billing'`),
      ).toEqual([{ n: String(REQUESTS - sampled) }]);
      expect(getOtelCounters()).toEqual(before);
    },
  );
});

/** Serves all requests; gives how many of their own spans the app's sampler sampled. */
async function serveRequests(app: App, tenantId: string, caller: Context): Promise<number> {
  const instrumentation = new OpenAIInstrumentation({ baseUrls: [llm.url] });
  instrumentation.setTracerProvider(app);
  const tracer = app.getTracer("app");
  let sampled = 0;
  const serve = async (): Promise<void> => {
    const span = tracer.startSpan(`GET ${tenantId}`, { kind: SpanKind.SERVER }, caller);
    if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0) sampled += 1;
    await context.with(trace.setSpan(caller, span), () => withAttribution({ tenantId }, callLlm));
    span.end();
  };
  for (let request = 0; request < REQUESTS; request += 20) await Promise.all(Array.from({ length: 20 }, serve));
  instrumentation.disable();
  return sampled;
}

async function callLlm(): Promise<void> {
  const response = await fetch(`${llm.url}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "gpt-4o-mini", messages: [{ role: "user", content: "hello" }] }),
  });
  await response.json();
}

/** A server that answers as OpenAI's chat completions do. */
async function startLlm(): Promise<typeof llm> {
  let answers = 0;
  const http = createServer((request, response) => {
    request.resume();
    answers += 1;
    response.setHeader("content-type", "application/json");
    response.end(
      JSON.stringify({
        id: `chatcmpl-${answers}`,
        object: "chat.completion",
        model: "gpt-4o-mini-2024-07-18",
        choices: [{ index: 0, message: { role: "assistant", content: "hi" }, finish_reason: "stop" }],
        usage: { prompt_tokens: 1_000, completion_tokens: 500, total_tokens: 1_500 },
      }),
    );
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    close: () =>
      new Promise((resolve) => {
        http.closeAllConnections();
        http.close(() => resolve());
      }),
  };
}
