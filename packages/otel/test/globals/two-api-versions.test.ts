import { createRequire } from "node:module";
import {
  type DiagLogger,
  ROOT_CONTEXT,
  type TextMapPropagator,
  context,
  createContextKey,
  createNoopMeter,
  diag,
  metrics,
  propagation,
  trace,
} from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ApiCopy } from "../../src/globals/api-copies.ts";
import { installGlobals } from "../../src/globals/install-globals.ts";
import { readRegistered } from "../../src/globals/registered.ts";

const LINE_3 = createRequire(import.meta.url).resolve("otel-line-3");
/** API 1.10 for `require`: on its own it reads nothing that 1.9 registered, and 1.9 cannot register beside it. */
const newer = createRequire(LINE_3)("@opentelemetry/api") as ApiCopy & {
  readonly context: typeof context;
  readonly trace: typeof trace;
};

const KEY = createContextKey("test");
const NO_PROPAGATOR: TextMapPropagator = { inject() {}, extract: (from) => from, fields: () => [] };
const problems: string[] = [];
const logger: DiagLogger = {
  error: (message) => void problems.push(message),
  warn() {},
  info() {},
  debug() {},
  verbose() {},
};

function createProvider() {
  const exporter = new InMemorySpanExporter();
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  return { provider, names: () => exporter.getFinishedSpans().map(({ name }) => name) };
}

function install(tracerProvider: NodeTracerProvider) {
  const contextManager = new AsyncLocalStorageContextManager().enable();
  const globals = { contextManager, tracerProvider, propagator: NO_PROPAGATOR, guardPropagator: () => NO_PROPAGATOR };
  return installGlobals(globals, { from: [LINE_3] });
}

function registerSdk() {
  const { provider, names } = createProvider();
  const manager = new AsyncLocalStorageContextManager().enable();
  return { isRegistered: trace.setGlobalTracerProvider(provider) && context.setGlobalContextManager(manager), names };
}

/** What each version reads of a context that the other one sets. */
function readAcross(): unknown[] {
  const set = ROOT_CONTEXT.setValue(KEY, "set");
  return [
    context.with(set, () => newer.context.active().getValue(KEY)),
    newer.context.with(set, () => context.active().getValue(KEY)),
  ];
}

beforeEach(() => {
  problems.length = 0;
});
afterEach(() => {
  for (const api of [trace, context, propagation, metrics, diag]) api.disable();
});

describe("an app on API 1.9 beside code on API 1.10", () => {
  it("shares one context when its SDK starts before", () => {
    diag.setLogger(logger);
    const theirs = registerSdk();
    expect(readAcross()).toEqual([undefined, undefined]);
    const installed = install(createProvider().provider);
    expect(readAcross()).toEqual(["set", "set"]);
    newer.trace.getTracer("t").startSpan("a").end();
    trace.getTracer("t").startSpan("b").end();
    expect(theirs.names()).toEqual(["a", "b"]);
    installed.uninstall();
    expect(readAcross()).toEqual(["set", "set"]);
    expect(problems).toEqual([]);
  });

  it("shares one context when its SDK starts after, with metrics and a logger", () => {
    const ours = createProvider();
    const installed = install(ours.provider);
    expect(readRegistered()?.version).toBe("1.10.0");
    expect(diag.setLogger(logger)).toBe(true);
    const theirs = registerSdk();
    expect(theirs.isRegistered).toBe(true);
    expect(metrics.setGlobalMeterProvider({ getMeter: createNoopMeter })).toBe(true);
    expect(propagation.setGlobalPropagator({ ...NO_PROPAGATOR })).toBe(true);
    expect(readAcross()).toEqual(["set", "set"]);
    newer.trace.getTracer("t").startSpan("a").end();
    trace.getTracer("t").startSpan("b").end();
    expect([theirs.names(), ours.names()]).toEqual([["a", "b"], []]);
    expect(problems).toEqual([]);
    installed.uninstall();
  });
});
