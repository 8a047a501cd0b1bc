import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { registerInstrumentations } from "@opentelemetry/instrumentation";
import { OpenAIInstrumentation } from "@opentelemetry/instrumentation-openai";
import { BatchSpanProcessor, NodeTracerProvider } from "@opentelemetry/sdk-trace-node";
import { AttributionSpanProcessor, CostSpanProcessor } from "@spancost/otel";

const provider = new NodeTracerProvider({
  spanProcessors: [
    new AttributionSpanProcessor(),
    new CostSpanProcessor(),
    new BatchSpanProcessor(new OTLPTraceExporter()),
  ],
});

provider.register();
registerInstrumentations({ instrumentations: [new OpenAIInstrumentation()] });
process.once("beforeExit", () => provider.shutdown());
