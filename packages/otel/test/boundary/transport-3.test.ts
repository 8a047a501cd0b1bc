import {
  AsyncLocalStorageContextManager,
  CompositePropagator,
  context,
  HttpInstrumentation,
  propagation,
  trace,
  TracerProvider,
  UndiciInstrumentation,
  W3CTraceContextPropagator,
} from "otel-line-3";
import { describeTransport } from "./transport-contract.ts";

describeTransport({
  name: "OpenTelemetry JS 3.x",
  start: (processor, isSampled) => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    const sampler = { shouldSample: () => ({ decision: isSampled() ? 2 : 0 }) };
    trace.setGlobalTracerProvider(new TracerProvider({ sampler, spanProcessors: [processor] }));
    // Enabled from the start; they take the global provider, and stay until the process ends.
    for (const create of [() => new HttpInstrumentation(), () => new UndiciInstrumentation()]) create();
  },
  propagate: (ours, order) => {
    const both = [ours, new W3CTraceContextPropagator()];
    propagation.disable();
    propagation.setGlobalPropagator(
      new CompositePropagator({ propagators: order === "ours first" ? both : both.toReversed() }),
    );
  },
  markSpan: () => {
    const span = trace.getTracer("test").startSpan("chat", { attributes: { "gen_ai.operation.name": "chat" } });
    span.end();
    return "attributes" in span ? (span.attributes as Record<string, unknown>) : {};
  },
});
