import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { registerInstrumentations } from "@opentelemetry/instrumentation";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { AnthropicInstrumentation } from "../../../instrumentation-anthropic/src/index.ts";
import { OpenAIInstrumentation } from "../../../instrumentation-openai/src/index.ts";
import { AttributionSpanProcessor, CostSpanProcessor } from "../../../otel/src/index.ts";

const { OPENAI_BASE_URL: openai = "", ANTHROPIC_BASE_URL: anthropic = "" } = process.env;

/** The app's OpenTelemetry, as an app sets it up: global, with our processors and our instrumentations. */
export const tracerProvider = new TracerProvider({
  spanProcessors: [
    new AttributionSpanProcessor(),
    new CostSpanProcessor(),
    new BatchSpanProcessor({ exporter: new OTLPTraceExporter() }),
  ],
});
trace.setGlobalTracerProvider(tracerProvider);
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
propagation.disable();
registerInstrumentations({
  instrumentations: [
    new OpenAIInstrumentation({ baseUrls: [openai] }),
    new AnthropicInstrumentation({ baseUrls: [anthropic] }),
  ],
});
process.once("beforeExit", () => void tracerProvider.shutdown());
