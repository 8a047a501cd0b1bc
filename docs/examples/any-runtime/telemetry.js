import { env } from "node:process";
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { AnthropicInstrumentation } from "@spancost/instrumentation-anthropic";
import { GoogleGenAIInstrumentation } from "@spancost/instrumentation-google-genai";
import { GroqInstrumentation } from "@spancost/instrumentation-groq";
import { OpenAIInstrumentation } from "@spancost/instrumentation-openai";
import { AttributionSpanProcessor, CostSpanProcessor } from "@spancost/otel";

/** Sets up OpenTelemetry by hand: the same code runs on Node, Bun and Deno. */
export function startTelemetry() {
  const { OTEL_SERVICE_NAME: name = "example-any-runtime" } = env;
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ "service.name": name }),
    spanProcessors: [
      new AttributionSpanProcessor(),
      new CostSpanProcessor(),
      new BatchSpanProcessor({ exporter: new OTLPTraceExporter() }), // to where OTEL_EXPORTER_OTLP_ENDPOINT says
    ],
  });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  instrument();
  return provider;
}

/** Each is enabled when it is made. A provider's own hosts need no naming; proxies do. */
function instrument() {
  const { OPENAI_BASE_URL, ANTHROPIC_BASE_URL, GOOGLE_GEMINI_BASE_URL, GROQ_BASE_URL } = env;
  new OpenAIInstrumentation({ baseUrls: toList(OPENAI_BASE_URL) });
  new AnthropicInstrumentation({ baseUrls: toList(ANTHROPIC_BASE_URL) });
  new GoogleGenAIInstrumentation({ baseUrls: toList(GOOGLE_GEMINI_BASE_URL) });
  new GroqInstrumentation({ baseUrls: toList(GROQ_BASE_URL) });
}

function toList(url) {
  return url === undefined ? [] : [url];
}
