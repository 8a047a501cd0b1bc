import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { registerInstrumentations } from "@opentelemetry/instrumentation";
import { OpenAIInstrumentation } from "@opentelemetry/instrumentation-openai";
import { defaultResource, resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, NodeTracerProvider } from "@opentelemetry/sdk-trace-node";
import { AttributionSpanProcessor, CostSpanProcessor } from "@spancost/otel";

const provider = new NodeTracerProvider({
  resource: defaultResource().merge(resourceFromAttributes({ "service.name": "example-sdk-trace-node-2" })),
  spanProcessors: [
    new AttributionSpanProcessor(),
    new CostSpanProcessor(),
    new BatchSpanProcessor(new OTLPTraceExporter()),
  ],
});

provider.register();
registerInstrumentations({ instrumentations: [new OpenAIInstrumentation()] });
process.once("beforeExit", () => void provider.shutdown());
