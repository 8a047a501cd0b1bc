export * as api from "@opentelemetry/api";
export * as contextAsyncHooks from "@opentelemetry/context-async-hooks";
export * as core from "@opentelemetry/core";
export * as instrumentation from "@opentelemetry/instrumentation";
export * as instrumentationHttp from "@opentelemetry/instrumentation-http";
export * as instrumentationUndici from "@opentelemetry/instrumentation-undici";
export declare const sdkTrace: Readonly<
  Record<"InMemorySpanExporter" | "SamplingDecision" | "TracerProvider" | "SimpleSpanProcessor", unknown>
>;
