import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OpenAIInstrumentation } from "@opentelemetry/instrumentation-openai";
import { NodeSDK } from "@opentelemetry/sdk-node";
import { BatchSpanProcessor } from "@opentelemetry/sdk-trace";
import { AttributionSpanProcessor, CostSpanProcessor } from "@spancost/otel";

const sdk = new NodeSDK({
  serviceName: "example-sdk-node-3",
  instrumentations: [new OpenAIInstrumentation()],
  spanProcessors: [
    new AttributionSpanProcessor(),
    new CostSpanProcessor(),
    new BatchSpanProcessor({ exporter: new OTLPTraceExporter() }),
  ],
});

sdk.start();
process.once("beforeExit", () => void sdk.shutdown());
