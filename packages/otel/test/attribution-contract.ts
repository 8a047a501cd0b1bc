import { PassThrough, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setImmediate, setTimeout } from "node:timers/promises";
import { ROOT_CONTEXT, context } from "@opentelemetry/api";
import { describe, expect, it } from "vitest";
import {
  AttributionSpanProcessor,
  getAttribution,
  getOtelCounters,
  setAttribution,
  withAttribution,
} from "../src/index.ts";
import type { OtelLine, Pipeline } from "./otel-line.ts";

const REQUESTS = 1_000;
/** What makes a span an LLM span. */
const LLM = { "gen_ai.operation.name": "chat" };

/** What attribution must do on every line of OpenTelemetry JS. */
export function describeAttribution(line: OtelLine): void {
  describe(`attribution on ${line.name}`, () => {
    it("never swaps attribution between 1,000 interleaved requests", async () => {
      const spans = line.createPipeline([new AttributionSpanProcessor()]);
      const requests = Array.from({ length: REQUESTS }, (_, index) => index);
      await Promise.all(requests.map((index) => serve(index, spans)));
      const exported = spans.readExported();
      expect(exported).toHaveLength(REQUESTS * 9);
      expect(exported.filter(({ index, tenant_id }) => tenant_id !== tenantOf(Number(index)))).toEqual([]);
      expect(exported.filter(({ step, feature }) => feature !== (step === "nested" ? "summary" : "chat"))).toEqual([]);
      expect(getAttribution().tenantId).toBeUndefined();
    });

    it("puts fields, task and labels on LLM spans started inside, and nothing on other spans or outside", () => {
      const spans = line.createPipeline([new AttributionSpanProcessor()]);
      const who = { tenantId: "acme", userId: 42, task: "answer", taskId: "t-1", labels: { plan: "pro" } };
      withAttribution(who, () => {
        spans.startSpan("chat", LLM).end();
        spans.startSpan("GET /", { "http.request.method": "GET" }).end();
      });
      spans.startSpan("outside", LLM).end();
      expect(spans.readExported()).toEqual([
        {
          ...LLM,
          tenant_id: "acme",
          user_id: "42",
          "spancost.task": "answer",
          "spancost.task.id": "t-1",
          "spancost.label.plan": "pro",
        },
        { "http.request.method": "GET" },
        LLM,
      ]);
    });

    it("sees that a span is an LLM span by what it has at its end", () => {
      const spans = line.createPipeline([new AttributionSpanProcessor()]);
      const span = withAttribution({ tenantId: "acme" }, () => spans.startSpan("late"));
      span.setAttribute("gen_ai.operation.name", "chat");
      span.end();
      expect(spans.readExported()).toEqual([{ ...LLM, tenant_id: "acme" }]);
    });

    it("writes what held when the span started, whatever the scope is set to later", () => {
      const spans = line.createPipeline([new AttributionSpanProcessor()]);
      withAttribution({ tenantId: "acme" }, () => {
        const span = spans.startSpan("chat", LLM);
        setAttribution({ tenantId: "globex" });
        span.end();
        spans.startSpan("chat", LLM).end();
      });
      expect(spans.readExported().map(({ tenant_id }) => tenant_id)).toEqual(["acme", "globex"]);
    });

    it("puts attribution on every span at its start when asked to", () => {
      const spans = line.createPipeline([new AttributionSpanProcessor({ spans: "all" })]);
      withAttribution({ tenantId: "acme" }, () => spans.startSpan("GET /").end());
      expect(spans.readExported()).toEqual([{ tenant_id: "acme" }]);
    });

    it("reads the parent context that the span was started with", () => {
      const spans = line.createPipeline([new AttributionSpanProcessor()]);
      const parent = withAttribution({ tenantId: "acme" }, () => context.active());
      spans.startSpan("explicit", LLM, parent).end();
      withAttribution({ tenantId: "acme" }, () => spans.startSpan("root", LLM, ROOT_CONTEXT).end());
      expect(spans.readExported()).toEqual([{ ...LLM, tenant_id: "acme" }, LLM]);
    });

    it("writes the configured names, each on its own", () => {
      const spans = line.createPipeline([
        new AttributionSpanProcessor({ keys: { tenantId: "tenant.id", userId: undefined } }),
      ]);
      withAttribution({ tenantId: "acme", userId: "ann", feature: "chat" }, () => spans.startSpan("call", LLM).end());
      expect(spans.readExported()).toEqual([{ ...LLM, "tenant.id": "acme", user_id: "ann", feature: "chat" }]);
    });

    it("leaves an attribute alone that the span already has", () => {
      const spans = line.createPipeline([new AttributionSpanProcessor()]);
      const attributes = { ...LLM, tenant_id: "from-the-producer", "spancost.label.plan": "" };
      withAttribution({ tenantId: "acme", feature: "chat", labels: { plan: "pro" } }, () =>
        spans.startSpan("call", attributes).end(),
      );
      expect(spans.readExported()).toEqual([{ ...attributes, feature: "chat" }]);
    });

    it("counts a span that it cannot write to, and never throws", () => {
      const before = getOtelCounters().attribution_processor_failed;
      const broken = {
        kind: 0,
        attributes: LLM,
        setAttribute: () => {
          throw new Error("broken span");
        },
      };
      const processor = new AttributionSpanProcessor();
      withAttribution({ tenantId: "acme" }, () => processor.onStart(broken, context.active()));
      processor.onEnding(broken);
      expect(getOtelCounters().attribution_processor_failed).toBe(before + 1);
    });
  });
}

/** One request: starts a span after every way of waiting that an app has. */
async function serve(index: number, spans: Pipeline): Promise<void> {
  const mark = (step: string): void => spans.startSpan(step, { ...LLM, index, step }).end();
  await withAttribution({ tenantId: tenantOf(index), feature: "chat" }, async () => {
    await setTimeout(toDelayMs(index));
    mark("timer");
    await Promise.all([
      setTimeout(toDelayMs(index + 1)).then(() => mark("all-timer")),
      setImmediate().then(() => mark("all-immediate")),
      new Promise<void>((resolve) => process.nextTick(() => resolve(mark("next-tick")))),
      new Promise<void>((resolve) => queueMicrotask(() => resolve(mark("microtask")))),
    ]);
    await withAttribution({ feature: "summary" }, async () => {
      await setTimeout(toDelayMs(index + 2));
      mark("nested");
    });
    for await (const _ of Readable.from(createChunks(index))) await setImmediate();
    mark("stream");
    await pipeline(Readable.from(["a", "b"]), new PassThrough(), async (chunks: AsyncIterable<Buffer>) => {
      for await (const _ of chunks) await setTimeout(toDelayMs(index));
      mark("pipeline");
    });
  });
  // A span of the same request started by its caller, after the scope ended, with the attribution given again.
  withAttribution({ tenantId: tenantOf(index), feature: "chat" }, () => mark("after"));
}

async function* createChunks(index: number): AsyncGenerator<string> {
  yield "first";
  await setTimeout(toDelayMs(index + 3));
  yield "second";
}

function tenantOf(index: number): string {
  return `tenant-${index}`;
}

/** Spreads the requests over 13 ms so that they overtake one another. */
function toDelayMs(index: number): number {
  return (index * 7_919) % 13;
}
