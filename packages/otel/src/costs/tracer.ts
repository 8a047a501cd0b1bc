import { type Tracer, type TracerProvider, trace } from "@opentelemetry/api";
import { createProcessSetting } from "../process-setting.ts";

/** Name and version of this package: the instrumentation scope of its spans. */
const SCOPE = { name: "@spancost/otel", version: "0.1.0" } as const;

const provider = createProcessSetting("costTracerProvider", (given: TracerProvider) => given);

/**
 * Sets where the spans of recorded costs and usage are made: in a process whose own tracer provider exports elsewhere, or samples.
 * `undefined`: with the global one.
 */
export function setCostTracerProvider(given: TracerProvider | undefined): void {
  provider.set(given);
}

/** The tracer of recorded costs. Asked for each time: an app's SDK may start later. */
export function getCostTracer(): Tracer {
  return (provider.get() ?? trace).getTracer(SCOPE.name, SCOPE.version);
}

/** The tracer of spans around the app's own work, which belong where the app's other spans go. */
export function getAppTracer(): Tracer {
  return trace.getTracer(SCOPE.name, SCOPE.version);
}
