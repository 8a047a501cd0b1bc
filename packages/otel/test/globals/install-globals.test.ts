import { createRequire } from "node:module";
import {
  type DiagLogger,
  ROOT_CONTEXT,
  type TextMapPropagator,
  context,
  createContextKey,
  diag,
  metrics,
  propagation,
  trace,
} from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ApiCopy } from "../../src/globals/api-copies.ts";
import { type Globals, installGlobals } from "../../src/globals/install-globals.ts";

const commonJs = createRequire(import.meta.url)("@opentelemetry/api") as ApiCopy & { readonly trace: typeof trace };

const COPIES = [
  ["the ES module", { trace, context, propagation, metrics, diag }],
  ["the CommonJS module", commonJs],
] as const;

const KEY = createContextKey("test");
const problems: string[] = [];
const logger: DiagLogger = {
  error: (message) => void problems.push(message),
  warn() {},
  info() {},
  debug() {},
  verbose() {},
};

function createPropagator(name: string): TextMapPropagator {
  return {
    inject: (_context, carrier, setter) => setter.set(carrier, name, "1"),
    extract: (from) => from,
    fields: () => [name],
  };
}

function createProvider() {
  const exporter = new InMemorySpanExporter();
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  return { provider, names: () => exporter.getFinishedSpans().map(({ name }) => name) };
}

function createGlobals() {
  const ours = createProvider();
  const globals: Globals = {
    contextManager: new AsyncLocalStorageContextManager().enable(),
    tracerProvider: ours.provider,
    propagator: createPropagator("ours"),
    guardPropagator: (inner) => ({
      ...createPropagator("guarded"),
      inject(from, carrier, setter) {
        setter.set(carrier, "guarded", "1");
        inner.inject(from, carrier, setter);
      },
    }),
  };
  return { globals, ours };
}

function readInjected(): string[] {
  const carrier: Record<string, string> = {};
  propagation.inject(ROOT_CONTEXT, carrier);
  return Object.keys(carrier);
}

const keepsContext = () => context.with(ROOT_CONTEXT.setValue(KEY, 1), () => context.active().getValue(KEY)) === 1;

function disableAll(): void {
  for (const api of [trace, context, propagation]) api.disable();
}

beforeEach(() => {
  problems.length = 0;
  diag.setLogger(logger);
});
afterEach(() => {
  diag.disable();
  disableAll();
});

describe("installGlobals", () => {
  it("registers what nobody has registered, and takes it out again", () => {
    const { globals, ours } = createGlobals();
    const installed = installGlobals(globals);
    trace.getTracer("t").startSpan("a").end();
    expect(ours.names()).toEqual(["a"]);
    expect(readInjected()).toEqual(["ours"]);
    expect(keepsContext()).toBe(true);
    expect(installed.isTracerProviderOurs).toBe(true);
    installed.uninstall();
    expect([keepsContext(), readInjected()]).toEqual([false, []]);
    expect(problems).toEqual([]);
  });

  it.each(COPIES)("makes room for the SDK that the app starts later, through %s", (_name, api) => {
    const { globals, ours } = createGlobals();
    const early = trace.getTracer("early");
    const installed = installGlobals(globals);
    const theirs = createProvider();
    expect(api.trace.setGlobalTracerProvider(theirs.provider)).toBe(true);
    expect(api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())).toBe(true);
    expect(api.propagation.setGlobalPropagator(createPropagator("theirs"))).toBe(true);
    trace.getTracer("t").startSpan("b").end();
    commonJs.trace.getTracer("t").startSpan("c").end();
    expect(theirs.names()).toEqual(["b", "c"]);
    expect(ours.names()).toEqual([]);
    expect(keepsContext()).toBe(true);
    expect(readInjected()).toEqual(["guarded", "theirs"]);
    expect(installed.isTracerProviderOurs).toBe(false);
    expect(problems).toEqual([]);
    early.startSpan("from before").end();
    installed.uninstall();
    expect(readInjected()).toEqual(["guarded", "theirs"]);
  });

  it("leaves an SDK that was there before alone, and guards its propagator", () => {
    const theirs = createProvider();
    trace.setGlobalTracerProvider(theirs.provider);
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    propagation.setGlobalPropagator(createPropagator("theirs"));
    const { globals } = createGlobals();
    const installed = installGlobals(globals);
    trace.getTracer("t").startSpan("d").end();
    expect(theirs.names()).toEqual(["d"]);
    expect(readInjected()).toEqual(["guarded", "theirs"]);
    expect(installed.isTracerProviderOurs).toBe(false);
    expect(problems).toEqual([]);
    installed.uninstall();
    expect(keepsContext()).toBe(true);
  });
});
