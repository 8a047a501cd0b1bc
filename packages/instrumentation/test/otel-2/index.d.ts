export * as api from "@opentelemetry/api";
export * as contextAsyncHooks from "@opentelemetry/context-async-hooks";
export * as instrumentation from "@opentelemetry/instrumentation";
export declare const sdkTrace: Readonly<
  Record<"InMemorySpanExporter" | "TracerProvider" | "SimpleSpanProcessor", unknown>
>;
