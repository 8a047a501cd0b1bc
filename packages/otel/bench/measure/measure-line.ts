import assert from "node:assert/strict";
import type { Context, Tracer } from "@opentelemetry/api";
import {
  AttributionSpanProcessor,
  BillingSpanProcessor,
  CostSpanProcessor,
  SpancostSpanProcessor,
  type SpanExporter,
  withAttribution,
} from "@spancost/otel";
import { compare, type Work } from "../../../../.config/bench/compare.ts";
import { recordHttpSpan, recordLlmSpan, recordOwnSpan, recordQuerySpan } from "./spans.ts";

/** A span processor of a line; ours fit all of them. */
export interface Processor {
  onStart(span: never, parentContext: Context): void;
  onEnd(span: never): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

/** One line of OpenTelemetry JS. */
export interface Line {
  readonly name: string;
  createTracer(processors: readonly Processor[], scope: string): Tracer;
  /** A tracer whose sampler drops every span, alone or inside `BillingSampler`. */
  createDroppingTracer(isBilled: boolean): Tracer;
  createBatchProcessor(exporter: SpanExporter): Processor;
  createBaggageProcessor(): Processor;
}

const LLM_SCOPE = "@spancost/instrumentation-openai";
const HTTP_SCOPE = "@opentelemetry/instrumentation-http";
/** Spans between two flushes: fewer than a batch, so that nothing is exported from within a span. */
const SPANS = 500;
const WHO = { tenantId: "acme", userId: "u-17", feature: "chat" };

/** How many each kind of span has. */
const ATTRIBUTES: Readonly<Record<string, number>> = {
  "LLM span": 17,
  "HTTP span": 10,
  "query span": 8,
  "own span": 2,
};

interface Variant {
  readonly run: Work;
  readonly exported: Readonly<Record<string, unknown>>[][];
}

/** Runs all comparisons on one line; each variant's spans are checked first. */
export async function measureLine(line: Line): Promise<void> {
  const [dropping, billing] = [line.createDroppingTracer(false), line.createDroppingTracer(true)];
  assert.deepEqual(
    [dropping, billing].map((tracer) => ["GET /", "chat"].map((name) => tracer.startSpan(name).isRecording())),
    [
      [false, false],
      [false, true],
    ],
  );
  await compare({
    name: `${line.name}: HTTP span that is dropped, BillingSampler / its inner sampler`,
    baseline: () => recordHttpSpan(dropping),
    candidate: () => recordHttpSpan(billing),
  });
  const ours = (exporter: SpanExporter): Processor[] => [new SpancostSpanProcessor({ exporter })];
  const bare = (exporter: SpanExporter): Processor[] => [line.createBatchProcessor(exporter)];
  const beside = (exporter: SpanExporter): Processor[] => [
    new AttributionSpanProcessor(),
    new CostSpanProcessor(),
    new BillingSpanProcessor({ exporter, skipSampled: true }),
    line.createBatchProcessor(exporter),
  ];
  for (const [kind, record, scope, aim] of [
    ["LLM span", recordLlmSpan, LLM_SCOPE, 1.3],
    ["HTTP span", recordHttpSpan, HTTP_SCOPE, 1.02],
    ["query span", recordQuerySpan, "@opentelemetry/instrumentation-pg", 1.02],
    ["own span", recordOwnSpan, "app", 1.02],
  ] as const) {
    const build = (make: (exporter: SpanExporter) => Processor[]): Promise<Variant> =>
      createVariant(line, make, scope, record);
    const [baseline, one, four] = [await build(bare), await build(ours), await build(beside)];
    check(kind, baseline, one, four);
    // Some hundredths are to be told apart.
    const shared = { baseline: baseline.run, aim, pairs: 600 };
    await compare({ ...shared, name: `${line.name}: ${kind}, SpancostSpanProcessor / batch`, candidate: one.run });
    await compare({ ...shared, name: `${line.name}: ${kind}, our three + batch / batch`, candidate: four.run });
    await compareAttribution(line, kind, build, baseline);
  }
}

async function compareAttribution(
  line: Line,
  kind: string,
  build: (make: (exporter: SpanExporter) => Processor[]) => Promise<Variant>,
  bare: Variant,
): Promise<void> {
  const contrib = await build((exporter) => [line.createBaggageProcessor(), line.createBatchProcessor(exporter)]);
  const own = await build((exporter) => [new AttributionSpanProcessor(), line.createBatchProcessor(exporter)]);
  assert.equal(lastOf(contrib)["tenant_id"], "acme");
  assert.equal(lastOf(own)["tenant_id"], kind === "LLM span" ? "acme" : undefined);
  await compare({
    name: `${line.name}: ${kind}, added by attribution / by baggage-span-processor`,
    without: bare.run,
    baseline: contrib.run,
    candidate: own.run,
    aim: 0.5,
  });
}

/** Everybody pays for the scope and its baggage; what is compared is what processors do with them. */
async function createVariant(
  line: Line,
  make: (exporter: SpanExporter) => Processor[],
  scope: string,
  record: (tracer: Tracer) => void,
): Promise<Variant> {
  const exported: Readonly<Record<string, unknown>>[][] = [];
  let isChecked = false;
  const exporter: SpanExporter = {
    export(spans: { attributes: Readonly<Record<string, unknown>> }[], done: (result: { code: number }) => void) {
      if (!isChecked) exported.push(spans.map(({ attributes }) => attributes));
      done({ code: 0 });
    },
    shutdown: () => Promise.resolve(),
  };
  const processors = make(exporter);
  const tracer = line.createTracer(processors, scope);
  const run = async (): Promise<void> => {
    withAttribution(
      WHO,
      () => {
        for (let span = 0; span < SPANS; span += 1) record(tracer);
      },
      { baggage: true },
    );
    for (const processor of processors) await processor.forceFlush();
  };
  await run();
  isChecked = true;
  return { run, exported };
}

function check(kind: string, baseline: Variant, one: Variant, four: Variant): void {
  for (const variant of [baseline, one, four]) assert.equal(variant.exported.flat().length, SPANS);
  const attributes = lastOf(baseline);
  assert.equal(Object.keys(attributes).length, ATTRIBUTES[kind]);
  const added =
    kind === "LLM span"
      ? {
          tenant_id: "acme",
          user_id: "u-17",
          feature: "chat",
          "gen_ai.usage.cost.amount": 0.00045,
          "gen_ai.usage.cost.currency": "USD",
          "gen_ai.usage.cost.source": "local",
        }
      : {};
  assert.deepEqual(lastOf(one), { ...attributes, ...added });
  assert.deepEqual(lastOf(four), { ...attributes, ...added });
}

function lastOf({ exported }: Variant): Readonly<Record<string, unknown>> {
  return exported.flat().at(-1) ?? {};
}
