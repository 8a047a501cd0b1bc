import {
  AsyncLocalStorageContextManager,
  context,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
} from "otel-line-3";
import { describeAttribution } from "./attribution-contract.ts";
import { describeCost } from "./cost-contract.ts";
import type { OtelLine } from "./otel-line.ts";

// Registered through API 1.10, as an app of the 3.x line does; the package itself runs on API 1.9 here.
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());

const line: OtelLine = {
  name: "OpenTelemetry JS 3.x",
  createPipeline: (processors) => {
    const exporter = new InMemorySpanExporter();
    const provider = new TracerProvider({ spanProcessors: [...processors, new SimpleSpanProcessor({ exporter })] });
    const tracer = provider.getTracer("test");
    return {
      startSpan: (name, attributes = {}, parent = context.active()) => tracer.startSpan(name, { attributes }, parent),
      readExported: () => exporter.getFinishedSpans().map((span) => span.attributes),
    };
  },
};

describeAttribution(line);
describeCost(line);
