import { SpanStatusCode, context, diag, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { AlwaysOffSampler, InMemorySpanExporter, NodeTracerProvider } from "@opentelemetry/sdk-trace-node";
import { readCost, readSpan } from "@spancost/core";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  BillingSampler,
  SpancostSpanProcessor,
  getAttribution,
  getOtelCounters,
  recordCost,
  recordUsage,
  setCostTracerProvider,
  task,
  withAttribution,
} from "../../src/index.ts";

const exporter = new InMemorySpanExporter();
const processor = new SpancostSpanProcessor({ exporter });
const provider = new NodeTracerProvider({
  sampler: new BillingSampler(new AlwaysOffSampler()),
  spanProcessors: [processor],
});

beforeAll(() => void context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()));
beforeEach(() => setCostTracerProvider(provider));
afterEach(() => {
  setCostTracerProvider(undefined);
  trace.disable();
  exporter.reset();
});

async function exported() {
  await processor.forceFlush();
  return exporter.getFinishedSpans();
}

describe("recordCost", () => {
  it("is attributed, exact, at its own time, and exported although nothing is sampled", async () => {
    const occurredAt = new Date("2026-11-01T10:00:00.000Z");
    const recorded = withAttribution({ tenantId: "acme", feature: "search" }, () =>
      recordCost({
        service: "pinecone",
        amountUsd: "0.000123456789",
        key: "q-1",
        occurredAt,
        attribution: { userId: "u-1" },
      }),
    );
    expect(recorded).toEqual({ ok: true });
    const [span] = await exported();
    expect(span?.name).toBe("cost pinecone");
    expect(span?.startTime).toEqual([occurredAt.getTime() / 1000, 0]);
    expect(span?.attributes).toEqual({
      "spancost.cost.kind": "pinecone",
      "spancost.cost.amount": "0.000123456789",
      "spancost.key": "q-1",
      "spancost.sampling": "billing",
      tenant_id: "acme",
      user_id: "u-1",
      feature: "search",
    });
  });

  it("takes units and the price of one", async () => {
    recordCost({ service: "search", units: 3, unitUsd: "0.005" });
    const [span] = await exported();
    const reading = readCost({ ...EMPTY, attributes: span?.attributes ?? {} });
    expect(reading).toEqual({ kind: "search", amount: { ok: true, picoUsd: 15_000_000_000n } });
  });

  it.each([
    [{ service: "", amountUsd: "1" }, "bad-service"],
    [{ service: "llm", amountUsd: "1" }, "bad-service"],
    [{ service: "s" }, "no-amount"],
    [{ service: "s", amountUsd: "0.0000000000001" }, "bad-amount"],
    [{ service: "s", amountUsd: -1 }, "negative-amount"],
    [{ service: "s", amountUsd: 1, occurredAt: Number.NaN }, "bad-time"],
    [{ service: "s", amountUsd: 1, occurredAt: -5 }, "bad-time"],
    [{ service: "s", amountUsd: 1, occurredAt: Math.floor(Date.now() / 1_000) }, "bad-time"],
    [{ service: "s", amountUsd: 1, occurredAt: Date.now() * 1_000 }, "bad-time"],
    [{ service: "s", amountUsd: 1, occurredAt: 5n as never }, "bad-time"],
    [{ service: "s", amountUsd: Object.create(null) as never }, "bad-record"],
    [null as never, "bad-record"],
  ])("refuses %o as %s, counts that and throws nothing", async (record, issue) => {
    diag.disable();
    const before = getOtelCounters().invalid_cost;
    expect(recordCost(record)).toEqual({ ok: false, issue });
    expect(getOtelCounters().invalid_cost).toBe(before + 1);
    expect(await exported()).toEqual([]);
  });
});

it("takes a number for a key as its text", async () => {
  recordCost({ service: "search", amountUsd: 1, key: 42 });
  recordUsage({ provider: "openai", model: "gpt-realtime", usage: { input: 1 }, key: 42 });
  expect((await exported()).map(({ attributes }) => attributes["spancost.key"])).toEqual(["42", "42"]);
});

const EMPTY = {
  name: "",
  scopeName: "@spancost/otel",
  scopeVersion: "",
  statusCode: 0,
  resourceAttributes: {},
  startTimeUnixNano: 0n,
  endTimeUnixNano: 0n,
} as const;

describe("recordUsage", () => {
  it("is a call by the conventions, priced and attributed", async () => {
    withAttribution({ tenantId: "acme" }, () =>
      recordUsage({
        provider: "openai",
        model: "gpt-realtime",
        usage: { input: 100, cacheRead: 40, audioIn: 20, output: 50, audioOut: 30 },
        startedAt: 1_793_527_201_000,
        endedAt: 1_793_527_202_500,
        responseId: "resp_1",
        key: "turn-1",
      }),
    );
    const [span] = await exported();
    expect([span?.startTime, span?.endTime]).toEqual([
      [1_793_527_201, 0],
      [1_793_527_202, 500_000_000],
    ]);
    expect(span?.attributes).toMatchObject({ tenant_id: "acme", "spancost.key": "turn-1" });
    expect(readSpan({ ...EMPTY, attributes: span?.attributes ?? {} })).toMatchObject({
      role: "call",
      provider: "openai",
      modelRequested: "gpt-realtime",
      responseId: "resp_1",
      usageKnown: true,
      usage: { input: 100, cacheRead: 40, audioIn: 20, output: 50, audioOut: 30 },
    });
  });

  // A span that ends at no time makes a serializer throw, or a receiver refuse the request: with it go all others of its batch.
  it.each([
    { startedAt: Number.NaN },
    { startedAt: performance.now() },
    { endedAt: new Date("yesterday") },
    { startedAt: Date.now() * 1_000, endedAt: Date.now() * 1_000 },
    { startedAt: 5n as never },
  ])("leaves out a call at no time that can be (%o), counts that and throws nothing", async (times) => {
    diag.disable();
    const before = getOtelCounters().invalid_cost;
    recordUsage({ provider: "openai", model: "gpt-realtime", usage: { input: 1 }, ...times });
    expect(getOtelCounters().invalid_cost).toBe(before + 1);
    expect(await exported()).toEqual([]);
  });
});

describe("task", () => {
  const spans = new InMemorySpanExporter();

  it("names what runs within, gives its result back, and is a span of the app", async () => {
    const app = new NodeTracerProvider({ spanProcessors: [new SpancostSpanProcessor({ exporter: spans })] });
    trace.setGlobalTracerProvider(app);
    const inner = await withAttribution({ tenantId: "acme" }, () =>
      task(
        "answer ticket",
        async () => {
          await Promise.resolve();
          recordCost({ service: "search", amountUsd: "1" });
          return getAttribution();
        },
        { id: "t-1" },
      ),
    );
    expect(inner).toMatchObject({ tenantId: "acme", task: "answer ticket", taskId: "t-1" });
    expect((await exported())[0]?.attributes).toMatchObject({
      "spancost.task": "answer ticket",
      "spancost.task.id": "t-1",
    });
    await app.forceFlush();
    expect(spans.getFinishedSpans().map(({ name, attributes }) => [name, attributes])).toEqual([
      ["task answer ticket", { "spancost.task": "answer ticket", "spancost.task.id": "t-1" }],
    ]);
    expect(getAttribution().task).toBeUndefined();
  });

  it("has an id of its own each time, and the innermost counts", () => {
    const ids = task("outer", () => [
      getAttribution().taskId,
      task("inner", () => getAttribution().task),
      getAttribution().task,
    ]);
    expect(ids).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/), "inner", "outer"]);
  });

  it("passes errors on, thrown and rejected, and says so on its span", async () => {
    spans.reset();
    const app = new NodeTracerProvider({ spanProcessors: [new SpancostSpanProcessor({ exporter: spans })] });
    trace.setGlobalTracerProvider(app);
    const error = new Error("the app's own");
    expect(() =>
      task("a", () => {
        throw error;
      }),
    ).toThrow(error);
    await expect(task("b", () => Promise.reject(error))).rejects.toBe(error);
    await app.forceFlush();
    expect(spans.getFinishedSpans().map(({ name, status }) => [name, status.code])).toEqual([
      ["task a", SpanStatusCode.ERROR],
      ["task b", SpanStatusCode.ERROR],
    ]);
  });

  it("sends a query of a query builder once, in the task, and ends with it", async () => {
    spans.reset();
    const app = new NodeTracerProvider({ spanProcessors: [new SpancostSpanProcessor({ exporter: spans })] });
    trace.setGlobalTracerProvider(app);
    const sent: (string | undefined)[] = [];
    const build = () => ({
      // oxlint-disable-next-line unicorn/no-thenable
      then(resolve: (rows: number) => void) {
        sent.push(getAttribution().task);
        setTimeout(resolve, 0, 7);
      },
    });
    const query = task("store", build);
    await app.forceFlush();
    expect([sent, spans.getFinishedSpans()]).toEqual([[], []]);
    expect(await query).toBe(7);
    expect(sent).toEqual(["store"]);
    await app.forceFlush();
    expect(spans.getFinishedSpans().map(({ name }) => name)).toEqual(["task store"]);
  });

  it("passes on a result that cannot be looked at", () => {
    const broken = new Proxy({}, { get: () => expect.fail("not yet") });
    expect(task("t", () => broken)).toBe(broken);
  });
});
