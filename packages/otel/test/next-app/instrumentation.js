import { context, propagation } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { CompositePropagator, W3CTraceContextPropagator } from "@opentelemetry/core";
import { AttributionPropagator } from "@spancost/otel";

/** Next calls it once when the server starts. */
export function register() {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const key = Uint8Array.from({ length: 32 }, (_, index) => index);
  const ours = new AttributionPropagator({ signingKeys: [{ id: "2026-11", key }] });
  propagation.setGlobalPropagator(new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), ours] }));
}
