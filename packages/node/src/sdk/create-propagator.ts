import type { TextMapPropagator } from "@opentelemetry/api";
import { CompositePropagator, W3CTraceContextPropagator } from "@opentelemetry/core";
import { AttributionPropagator, type AttributionPropagatorOptions, parseSigningKeys } from "@spancost/otel";
import type { NodeConfig } from "../config/load-config.ts";
import type { PropagatorName } from "../config/otel-environment.ts";
import { warn } from "../warn.ts";

/** Makes propagators of attribution, with the boundary that the settings draw. */
export function createBoundary(config: NodeConfig): (inner?: TextMapPropagator) => AttributionPropagator {
  const keys = parseSigningKeys(config.signingKeys.join(","));
  if (config.signingKeys.length > 0 && !keys.ok)
    warn(`SPANCOST_SIGNING_KEYS: ${keys.problem}; nothing is signed and no signature is believed`);
  const options: AttributionPropagatorOptions = {
    hosts: config.propagateTo,
    signingKeys: keys.ok ? keys.keys : [],
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
