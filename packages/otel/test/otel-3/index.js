export { context, diag, propagation, ROOT_CONTEXT, trace } from "@opentelemetry/api";
export { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
export { W3CBaggagePropagator } from "@opentelemetry/core";
export { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
