import {
  InMemorySpanExporter,
  NodeTracerProvider,
  SamplingDecision,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-node";

export * as api from "@opentelemetry/api";
export * as contextAsyncHooks from "@opentelemetry/context-async-hooks";
export * as core from "@opentelemetry/core";
export * as instrumentation from "@opentelemetry/instrumentation";
export * as instrumentationHttp from "@opentelemetry/instrumentation-http";
export * as instrumentationUndici from "@opentelemetry/instrumentation-undici";

/** The 2.x SDK under the names, and with the options, of the 3.x line. */
export const sdkTrace = {
  InMemorySpanExporter,
  SamplingDecision,
  TracerProvider: NodeTracerProvider,
  SimpleSpanProcessor: class extends SimpleSpanProcessor {
    constructor({ exporter }) {
      super(exporter);
    }
  },
};
