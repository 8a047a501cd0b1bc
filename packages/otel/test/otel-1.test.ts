import { context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "otel-sdk-1";
import { describeAttribution } from "./attribution-contract.ts";
import { describeCost } from "./cost-contract.ts";
import type { OtelLine } from "./otel-line.ts";

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());

/** Not a supported line: the SDK in the wild that never calls `onEnding`, and names the scope otherwise. */
const line: OtelLine = {
  name: "OpenTelemetry JS 1.x, which has no onEnding",
  createPipeline: (processors) => {
    const exporter = new InMemorySpanExporter();
    const provider = new BasicTracerProvider({ spanProcessors: [...processors, new SimpleSpanProcessor(exporter)] });
    const tracer = provider.getTracer("test");
    return {
      startSpan: (name, attributes = {}, parent = context.active()) => tracer.startSpan(name, { attributes }, parent),
      readExported: () => exporter.getFinishedSpans().map((span) => span.attributes),
    };
  },
};

describeAttribution(line);
describeCost(line);
