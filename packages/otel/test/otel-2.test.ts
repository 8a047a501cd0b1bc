import { context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-node";
import { describeAttribution } from "./attribution-contract.ts";
import { describeCost } from "./cost-contract.ts";
import type { OtelLine } from "./otel-line.ts";

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());

const line: OtelLine = {
  name: "OpenTelemetry JS 2.x",
  createPipeline: (processors) => {
    const exporter = new InMemorySpanExporter();
    const provider = new NodeTracerProvider({ spanProcessors: [...processors, new SimpleSpanProcessor(exporter)] });
    const tracer = provider.getTracer("test");
    return {
      startSpan: (name, attributes = {}, parent = context.active()) => tracer.startSpan(name, { attributes }, parent),
      readExported: () => exporter.getFinishedSpans().map((span) => span.attributes),
    };
  },
};

describeAttribution(line);
describeCost(line);
