import type { TextMapPropagator } from "@opentelemetry/api";
import { CompositePropagator, W3CTraceContextPropagator } from "@opentelemetry/core";
import { AttributionPropagator, type AttributionPropagatorOptions } from "@spancost/otel";
import type { NodeConfig } from "../config/load-config.ts";
import type { PropagatorName } from "../config/otel-environment.ts";

/** Makes propagators of attribution, with the boundary that the settings draw. */
export function createBoundary(config: NodeConfig): (inner?: TextMapPropagator) => AttributionPropagator {
  const options: AttributionPropagatorOptions = {
    hosts: config.propagateTo,
    signingKeys: config.signingKeys,
    trustAll: config.trustAll,
    rejectReplays: config.rejectReplays,
    keys: { tenantId: config.tenantKey, userId: config.userKey, feature: config.featureKey },
  };
  return (inner) => new AttributionPropagator(inner === undefined ? options : { ...options, inner });
}

/** Makes the propagator that `OTEL_PROPAGATORS` asks for; attribution takes the place of plain baggage. */
export function createPropagator(names: readonly PropagatorName[], boundary: AttributionPropagator): TextMapPropagator {
  const propagators = names.flatMap((name): TextMapPropagator[] => {
    if (name === "tracecontext") return [new W3CTraceContextPropagator()];
    return name === "baggage" ? [boundary] : [];
  });
  return new CompositePropagator({ propagators });
}
