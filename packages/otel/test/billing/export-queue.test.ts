import { setTimeout as sleep } from "node:timers/promises";
import { context, diag, DiagLogLevel, metrics, ROOT_CONTEXT, TraceFlags } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { isTracingSuppressed } from "@opentelemetry/core";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { AlwaysOffSampler, BatchSpanProcessor, NodeTracerProvider } from "@opentelemetry/sdk-trace-node";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import {
  BillingSampler,
  BillingSpanProcessor,
  type ExportQueueOptions,
  getOtelCounters,
  type OtelCounters,
  SpancostSpanProcessor,
} from "../../src/index.ts";
import { type Behaviour, RecordingExporter } from "./recording-exporter.ts";

const warnings: string[] = [];
let before: OtelCounters;

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const ignore = (): void => undefined;
  const warn = (text: string): number => warnings.push(text);
  diag.setLogger({ error: ignore, warn, info: ignore, debug: ignore, verbose: ignore }, DiagLogLevel.WARN);
});

afterEach(() => {
  before = getOtelCounters();
});
before = getOtelCounters();

/** What was counted since the last test. */
function counted(): Partial<OtelCounters> {
  const now = Object.entries(getOtelCounters());
  return Object.fromEntries(
    now
      .map(([name, count]) => [name, count - before[name as keyof OtelCounters]] as const)
      .filter(([, count]) => count !== 0),
  );
}

function setUp(options: Partial<ExportQueueOptions> = {}, ...behaviours: Behaviour[]) {
  const exporter = new RecordingExporter(...behaviours);
  const processor = new SpancostSpanProcessor({ retryDelayMillis: 1, ...options, exporter });
  const tracer = new NodeTracerProvider({ spanProcessors: [processor] }).getTracer("test");
  const end = (name: string, attributes: Record<string, string> = {}): void =>
    tracer.startSpan(name, { attributes }).end();
  return { exporter, processor, end, endLlm: (name: string) => end(name, { "gen_ai.operation.name": "chat" }) };
}

describe("the queue", () => {
  it("exports full batches one at a time, in the order of the spans, and the rest when flushed", async () => {
    const { exporter, processor, endLlm } = setUp({ maxExportBatchSize: 2 });
    for (const name of ["a", "b", "c", "d", "e"]) endLlm(name);
    await processor.forceFlush();
    expect(exporter.batches.map((batch) => batch.length)).toEqual([2, 2, 1]);
    expect(exporter.names).toEqual(["a", "b", "c", "d", "e"]);
    expect(exporter.maxConcurrent).toBe(1);
    expect(counted()).toEqual({});
  });

  it("exports by itself after the delay", async () => {
    const { exporter, endLlm } = setUp({ scheduledDelayMillis: 1 });
    endLlm("a");
    while (exporter.batches.length === 0) await sleep(1);
    expect(exporter.names).toEqual(["a"]);
  });

  it("exports a span that ends in the very moment in which a batch has gone", async () => {
    for (const microtasks of [0, 1, 2, 3, 4]) {
      const { exporter, endLlm } = setUp({ scheduledDelayMillis: 1 });
      const plain = exporter.export.bind(exporter);
      exporter.export = (spans, done) => {
        exporter.export = plain;
        plain(spans, (result) => {
          done(result);
          let moment = Promise.resolve();
          for (let count = 0; count < microtasks; count += 1) moment = moment.then(() => undefined);
          void moment.then(() => context.with(ROOT_CONTEXT, () => endLlm("late")));
        });
      };
      endLlm("a");
      await vi.waitFor(() => expect([microtasks, ...exporter.names]).toEqual([microtasks, "a", "late"]));
    }
  });

  it("waits for a resource that never gets its attributes once, and in vain", async () => {
    const exporter = new RecordingExporter();
    const processor = new SpancostSpanProcessor({ exporter, exportTimeoutMillis: 30, scheduledDelayMillis: 1 });
    const slow = { attributes: {}, asyncAttributesPending: true, waitForAsyncAttributes: () => new Promise(() => {}) };
    const onEnd = processor.onEnd.bind(processor);
    processor.onEnd = (span) => onEnd(Object.create(span, { resource: { value: slow } }));
    const tracer = new NodeTracerProvider({ spanProcessors: [processor] }).getTracer("test");
    tracer.startSpan("a").end();
    await vi.waitFor(() => expect(exporter.names).toEqual(["a"]));
    tracer.startSpan("b").end();
    await processor.forceFlush();
    expect(exporter.names).toEqual(["a", "b"]);
  });

  it("keeps LLM spans and drops others when it is full, and counts both (opentelemetry-js#4184)", async () => {
    const { exporter, processor, end, endLlm } = setUp(
      { maxQueueSize: 3, maxExportBatchSize: 3, exportTimeoutMillis: 20 },
      "hang",
    );
    for (const name of ["x", "y", "z"]) end(name);
    for (const name of ["other 1", "llm 1", "other 2"])
      end(name, name.startsWith("llm") ? { "gen_ai.system": "x" } : {});
    for (const name of ["llm 2", "llm 3", "llm 4"]) endLlm(name);
    end("other 3");
    expect(counted()).toEqual({ lost_queue_full: 1, lost_queue_full_other: 3 });
    await processor.shutdown();
    expect(exporter.names.slice(0, 3)).toEqual(["x", "y", "z"]);
  });

  it.each([["fail"], ["throw"]] as const)(
    "keeps a batch whose export ends with %s, and tries again",
    async (behaviour) => {
      const { exporter, endLlm } = setUp({ scheduledDelayMillis: 1 }, behaviour, behaviour);
      endLlm("a");
      while (exporter.batches.length < 3) await sleep(1);
      expect(exporter.names).toEqual(["a", "a", "a"]);
      expect(counted()).toEqual({ billing_export_failed: 2 });
    },
  );

  it("tries again when no result comes in time", async () => {
    const { exporter, processor, endLlm } = setUp({ exportTimeoutMillis: 50, scheduledDelayMillis: 1 }, "hang");
    endLlm("a");
    while (exporter.batches.length < 2) await sleep(5);
    await processor.forceFlush();
    expect(exporter.names).toEqual(["a", "a"]);
    expect(counted()).toEqual({ billing_export_failed: 1 });
  });

  it("counts a batch as lost after the last attempt, and goes on with the next", async () => {
    const { exporter, endLlm } = setUp({ maxAttempts: 2, maxExportBatchSize: 2 }, "fail", "fail");
    for (const name of ["a", "b", "c"]) endLlm(name);
    while (exporter.batches.length < 3) await sleep(1);
    expect(exporter.names).toEqual(["a", "b", "a", "b", "c"]);
    expect(counted()).toEqual({ billing_export_failed: 2, lost_export_failed: 2 });
  });

  it("pauses between attempts, until somebody flushes", async () => {
    const { exporter, processor, endLlm } = setUp({ retryDelayMillis: 1e9, scheduledDelayMillis: 1 }, "fail");
    endLlm("a");
    while (counted().billing_export_failed === undefined) await sleep(1);
    expect(exporter.names).toEqual(["a"]);
    await processor.forceFlush();
    expect(exporter.names).toEqual(["a", "a"]);
  });

  it("keeps what a flush could not export, in its order, however often somebody flushes", async () => {
    const outage: Behaviour[] = Array.from({ length: 20 }, () => "fail");
    const { exporter, processor, endLlm } = setUp({ maxAttempts: 2, maxExportBatchSize: 2 }, ...outage);
    for (const name of ["a", "b", "c"]) {
      endLlm(name);
      for (let flush = 0; flush < 5; flush += 1) await processor.forceFlush();
    }
    while (exporter.batches.length < outage.length) await processor.forceFlush();
    const failed = exporter.names.length;
    await processor.forceFlush();
    expect(exporter.names.slice(failed)).toEqual(["a", "b", "c"]);
    expect(counted()).toEqual({ billing_export_failed: outage.length });
  });

  it("ends within its bound at shutdown, counts what is left, and shuts the exporter down once", async () => {
    const { exporter, processor, endLlm } = setUp(
      { exportTimeoutMillis: 20, maxExportBatchSize: 1 },
      "hang",
      "hang",
      "hang",
    );
    for (const name of ["a", "b", "c"]) endLlm(name);
    await Promise.all([processor.shutdown(), processor.shutdown()]);
    await processor.forceFlush();
    endLlm("d");
    expect(exporter.shutdowns).toBe(1);
    const { lost_at_shutdown: left = 0, lost_after_shutdown: late, lost_export_failed: failed = 0 } = counted();
    expect([left + failed, late]).toEqual([3, 1]);
  });

  it("exports without being traced itself", async () => {
    const { exporter, processor, endLlm } = setUp();
    let suppressed = false;
    const plain = exporter.export.bind(exporter);
    exporter.export = (spans, done) => {
      suppressed = isTracingSuppressed(context.active());
      plain(spans, done);
    };
    endLlm("a");
    await processor.forceFlush();
    expect(suppressed).toBe(true);
  });

  it("lets a process end that has spans waiting", () => {
    const { endLlm } = setUp();
    const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
    const active = timers();
    endLlm("a");
    expect(timers()).toBe(active);
  });
});

describe("the billing processor", () => {
  function record(skipSampled: boolean, isSampled: boolean) {
    const [billing, batch] = [new RecordingExporter(), new RecordingExporter()];
    const provider = new NodeTracerProvider({
      ...(isSampled ? {} : { sampler: new BillingSampler(new AlwaysOffSampler()) }),
      spanProcessors: [
        new BillingSpanProcessor({ exporter: billing, skipSampled }),
        new BatchSpanProcessor(batch as never),
      ],
    });
    const tracer = provider.getTracer("test");
    const span = tracer.startSpan("chat gpt-4o-mini");
    span.setAttribute("gen_ai.operation.name", "chat");
    span.end();
    tracer.startSpan("chat without an LLM").end();
    tracer.startSpan("GET /").end();
    return { provider, billing, batch, flags: span.spanContext().traceFlags };
  }

  it("gives the exporter spans that are not sampled as sampled ones, and nothing to other processors", async () => {
    const { provider, billing, batch, flags } = record(true, false);
    await provider.forceFlush();
    expect(billing.batches.flat()).toEqual([{ name: "chat gpt-4o-mini", sampled: true }]);
    expect(batch.names).toEqual([]);
    expect(flags).toBe(TraceFlags.NONE);
  });

  it.each([
    [true, []],
    [false, ["chat gpt-4o-mini"]],
  ])("exports sampled LLM spans unless they are skipped (%s)", async (skipSampled, expected) => {
    const { provider, billing, batch } = record(skipSampled, true);
    await provider.forceFlush();
    expect(billing.names).toEqual(expected);
    expect(batch.names).toEqual(["chat gpt-4o-mini", "chat without an LLM", "GET /"]);
  });
});

describe("losses", () => {
  it("are told once a minute with totals, and in the app's metrics by reason", async () => {
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 1e9 });
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
    const { processor, endLlm } = setUp();
    await processor.shutdown();
    for (let span = 0; span < 5; span += 1) endLlm("late");
    await reader.forceFlush();
    const [metric] = exporter
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
    expect(metric?.descriptor.name).toBe("spancost.otel.lost_spans");
    expect(metric?.dataPoints.map(({ attributes, value }) => ({ ...attributes, value }))).toEqual([
      { reason: "lost_after_shutdown", value: 5 },
    ]);
    // The losses of all tests above fell into the same minute.
    const told = warnings.filter((text) => text.includes("spans were lost"));
    expect(told).toEqual(["spancost: spans were lost since the process started: lost_queue_full_other 2"]);
  });
});
