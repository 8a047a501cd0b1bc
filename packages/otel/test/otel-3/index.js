export { default as Anthropic } from "@anthropic-ai/sdk";
export { context, diag, propagation, ROOT_CONTEXT, trace } from "@opentelemetry/api";
export { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
export { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from "@opentelemetry/core";
export { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
export { HttpInstrumentation } from "@opentelemetry/instrumentation-http";
export { UndiciInstrumentation } from "@opentelemetry/instrumentation-undici";
export {
  AlwaysOffSampler,
  BatchSpanProcessor,
  InMemorySpanExporter,
  ParentBasedSampler,
  SimpleSpanProcessor,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
