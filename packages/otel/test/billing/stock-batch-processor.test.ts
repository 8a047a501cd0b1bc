import { diag, DiagLogLevel } from "@opentelemetry/api";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { BatchSpanProcessor, NodeTracerProvider } from "@opentelemetry/sdk-trace-node";
import { expect, it } from "vitest";
import { RecordingExporter } from "./recording-exporter.ts";

it("the SDK's batch processor tells of its overflow in its own metrics, and in a warning when it has room again", async () => {
  const warnings: string[] = [];
  const ignore = (): void => undefined;
  const warn = (text: string): number => warnings.push(text);
  diag.setLogger({ error: ignore, warn, info: ignore, debug: ignore, verbose: ignore }, DiagLogLevel.WARN);
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 1e9 });
  const selfObsMeterProvider = new MeterProvider({ readers: [reader] });
  const options = { maxQueueSize: 2, maxExportBatchSize: 2, selfObsMeterProvider };
  const processor = new BatchSpanProcessor(new RecordingExporter("hang") as never, options);
  const tracer = new NodeTracerProvider({ spanProcessors: [processor] }).getTracer("test");

  for (let span = 0; span < 7; span += 1) tracer.startSpan("span").end();
  expect(warnings).toEqual([]);
  void processor.forceFlush();
  tracer.startSpan("span").end();
  expect(warnings).toEqual(["Dropped 3 spans because maxQueueSize reached"]);

  await reader.forceFlush();
  const dropped = exporter
    .getMetrics()
    .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics))
    .filter(({ descriptor }) => descriptor.name === "otel.sdk.processor.span.processed")
    .flatMap(({ dataPoints }) => dataPoints.map(({ attributes, value }) => ({ attributes, value })))
    .filter(({ attributes }) => attributes["error.type"] === "queue_full");
  expect(dropped.map(({ value }) => value)).toEqual([3]);
});
