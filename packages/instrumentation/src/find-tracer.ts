import { type Tracer, type TracerProvider, trace } from "@opentelemetry/api";

/** Finds a tracer; `own` is the provider that the instrumentation was given, if any. */
export type TracerFinder = (own: TracerProvider | undefined) => Tracer;

/**
 * Creates a finder that gives the tracer of whichever provider is registered when it is called. Instrumentation base classes ask
 * once, at construction, and what they got stays a no-op for ever when the provider is registered later through another copy of
 * the API: API 1.10 has one for `import` and one for `require`, and bundles hold both. All copies register in one place.
 */
export function createTracerFinder(name: string, version: string): TracerFinder {
  let found: { readonly provider: TracerProvider; readonly tracer: Tracer } | undefined;
  return (own) => {
    const provider = findProvider(own);
    // An SDK takes 200 to 400 ns to find a tracer by its name, the comparison 5.
    if (found?.provider !== provider) found = { provider, tracer: provider.getTracer(name, version) };
    return found.tracer;
  };
}

/** `registerInstrumentations` gives the API's proxy where the app names no provider, maybe that of a copy that nobody registers with. */
function findProvider(own: TracerProvider | undefined): TracerProvider {
  if (own !== undefined && readDelegate(own) === undefined) return own;
  const registered = trace.getTracerProvider();
  return readDelegate(registered) ?? registered;
}

/** What stands behind a proxy of the API; `instanceof` would know those of one copy only. */
function readDelegate(provider: TracerProvider): TracerProvider | undefined {
  if (!("getDelegate" in provider) || typeof provider.getDelegate !== "function") return undefined;
  const delegate: unknown = provider.getDelegate();
  return isTracerProvider(delegate) ? delegate : undefined;
}

function isTracerProvider(value: unknown): value is TracerProvider {
  return typeof value === "object" && value !== null && "getTracer" in value && typeof value.getTracer === "function";
}
