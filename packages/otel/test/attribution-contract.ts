import { PassThrough, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setImmediate, setTimeout } from "node:timers/promises";
import { ROOT_CONTEXT, context } from "@opentelemetry/api";
import { describe, expect, it } from "vitest";
import { AttributionSpanProcessor, getAttribution, getOtelCounters, withAttribution } from "../src/index.ts";
import type { OtelLine, Pipeline } from "./otel-line.ts";

const REQUESTS = 1_000;

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

    it("puts fields and labels on every span started inside, and nothing on spans outside", () => {
      const spans = line.createPipeline([new AttributionSpanProcessor()]);
      withAttribution({ tenantId: "acme", userId: 42, labels: { plan: "pro" } }, () => spans.startSpan("inside").end());
      spans.startSpan("outside").end();
      expect(spans.readExported()).toEqual([{ tenant_id: "acme", user_id: "42", "spancost.label.plan": "pro" }, {}]);
    });

    it("reads the parent context that the span was started with", () => {
      const spans = line.createPipeline([new AttributionSpanProcessor()]);
      const parent = withAttribution({ tenantId: "acme" }, () => context.active());
      spans.startSpan("explicit", {}, parent).end();
      withAttribution({ tenantId: "acme" }, () => spans.startSpan("root", {}, ROOT_CONTEXT).end());
      expect(spans.readExported()).toEqual([{ tenant_id: "acme" }, {}]);
    });

    it("writes the configured names, each on its own", () => {
      const spans = line.createPipeline([
        new AttributionSpanProcessor({ keys: { tenantId: "tenant.id", userId: undefined } }),
      ]);
      withAttribution({ tenantId: "acme", userId: "ann", feature: "chat" }, () => spans.startSpan("call").end());
      expect(spans.readExported()).toEqual([{ "tenant.id": "acme", user_id: "ann", feature: "chat" }]);
    });

    it("leaves an attribute alone that the span already has", () => {
      const spans = line.createPipeline([new AttributionSpanProcessor()]);
      const attributes = { tenant_id: "from-the-producer", "spancost.label.plan": "" };
      withAttribution({ tenantId: "acme", feature: "chat", labels: { plan: "pro" } }, () =>
        spans.startSpan("call", attributes).end(),
      );
      expect(spans.readExported()).toEqual([{ ...attributes, feature: "chat" }]);
    });

    it("counts a span that it cannot write to, and never throws", () => {
      const before = getOtelCounters().attribution_processor_failed;
      const broken = {
        attributes: {},
        setAttribute: () => {
          throw new Error("broken span");
        },
      };
      withAttribution({ tenantId: "acme" }, () => new AttributionSpanProcessor().onStart(broken, context.active()));
      expect(getOtelCounters().attribution_processor_failed).toBe(before + 1);
    });
  });
}

/** One request: starts a span after every way of waiting that an app has. */
async function serve(index: number, spans: Pipeline): Promise<void> {
  const mark = (step: string): void => spans.startSpan(step, { index, step }).end();
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
