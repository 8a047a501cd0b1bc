import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { OpenAIInstrumentation } from "@spancost/instrumentation-openai";
import { AttributionSpanProcessor, CostSpanProcessor, withAttribution } from "@spancost/otel";
import OpenAI from "openai";

/** The same for an edge runtime that takes one file: Cloudflare's Workers, say. Its configuration comes with each request. */
// oxlint-disable-next-line import/no-default-export -- where the runtime looks
export default {
  async fetch(_request, env, execution) {
    telemetry ??= startTelemetry(env);
    const answer = await withAttribution({ tenantId: "initech", userId: "u-7", feature: "edge" }, () => ask(env));
    execution.waitUntil(telemetry.forceFlush()); // the answer need not wait for the spans
    return new Response(answer);
  },
};

let telemetry;

function startTelemetry(env) {
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ "service.name": "example-worker" }),
    spanProcessors: [
      new AttributionSpanProcessor(),
      new CostSpanProcessor(),
      new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url: `${env.OTLP_URL}/v1/traces` }) }),
    ],
  });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  new OpenAIInstrumentation({ baseUrls: env.OPENAI_BASE_URL === undefined ? [] : [env.OPENAI_BASE_URL] });
  return provider;
}

async function ask(env) {
  const openai = new OpenAI({ apiKey: env.OPENAI_API_KEY, baseURL: env.OPENAI_BASE_URL });
  const stream = await openai.chat.completions.create({
    model: "gpt-5-mini",
    messages: [{ role: "user", content: "What does OpenTelemetry do?" }],
    stream: true,
  });
  let text = "";
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
  return text;
}
