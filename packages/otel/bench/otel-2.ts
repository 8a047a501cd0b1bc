import { context } from "@opentelemetry/api";
import { ALLOW_ALL_BAGGAGE_KEYS, BaggageSpanProcessor } from "@opentelemetry/baggage-span-processor";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  AlwaysOffSampler,
  BatchSpanProcessor,
  NodeTracerProvider,
  type SpanProcessor,
} from "@opentelemetry/sdk-trace-node";
import { BillingSampler } from "@spancost/otel";
import { measureLine } from "./measure/measure-line.ts";

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());

await measureLine({
  name: "2.x",
  createTracer: (processors, scope) =>
    new NodeTracerProvider({ spanProcessors: [...processors] as SpanProcessor[] }).getTracer(scope, "0.1.0"),
  createDroppingTracer: (isBilled) =>
    new NodeTracerProvider({
      sampler: isBilled ? new BillingSampler(new AlwaysOffSampler()) : new AlwaysOffSampler(),
    }).getTracer("bench"),
  createBatchProcessor: (exporter) => new BatchSpanProcessor(exporter),
  createBaggageProcessor: () => new BaggageSpanProcessor(ALLOW_ALL_BAGGAGE_KEYS),
});
