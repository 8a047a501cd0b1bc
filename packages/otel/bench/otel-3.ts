import { ALLOW_ALL_BAGGAGE_KEYS, BaggageSpanProcessor } from "@opentelemetry/baggage-span-processor";
import {
  AlwaysOffSampler,
  AsyncLocalStorageContextManager,
  BatchSpanProcessor,
  context,
  TracerProvider,
} from "otel-line-3";
import { BillingSampler } from "@spancost/otel";
import { measureLine } from "./measure/measure-line.ts";

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());

type SpanProcessor = InstanceType<typeof BatchSpanProcessor>;

await measureLine({
  name: "3.x",
  createTracer: (processors, scope) =>
    new TracerProvider({ spanProcessors: [...processors] as SpanProcessor[] }).getTracer(scope, "0.1.0"),
  createDroppingTracer: (isBilled) =>
    new TracerProvider({
      sampler: isBilled ? new BillingSampler(new AlwaysOffSampler()) : new AlwaysOffSampler(),
    }).getTracer("bench"),
  createBatchProcessor: (exporter) => new BatchSpanProcessor({ exporter }),
  createBaggageProcessor: () => new BaggageSpanProcessor(ALLOW_ALL_BAGGAGE_KEYS),
});
