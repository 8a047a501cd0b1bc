import { type Span, SpanKind } from "@opentelemetry/api";

/** What HTTP client spans say, by the current conventions and the older ones. */
const HTTP_METHODS = ["http.request.method", "http.method"] as const;

/**
 * The span under which all attempts of one call are made, or "". An HTTP instrumentation opens a span an attempt, so that is the parent of
 * such a span; read as the SDKs 1 and 2 of OpenTelemetry keep it, and left at the span itself in others.
 */
export function readCallerSpanId(active: Span | undefined): string {
  if (active === undefined) return "";
  return (isHttpClientSpan(active) ? readParentSpanId(active) : undefined) ?? active.spanContext().spanId;
}

function isHttpClientSpan(span: Span): boolean {
  if (Reflect.get(span, "kind") !== SpanKind.CLIENT) return false;
  const attributes: unknown = Reflect.get(span, "attributes");
  return isObject(attributes) && HTTP_METHODS.some((name) => Object.hasOwn(attributes, name));
}

/** "" for a root span. `undefined` where it cannot be told. */
function readParentSpanId(span: Span): string | undefined {
  const parent: unknown = Reflect.get(span, "parentSpanContext");
  const id: unknown = isObject(parent) ? Reflect.get(parent, "spanId") : Reflect.get(span, "parentSpanId");
  if (typeof id === "string") return id;
  return "parentSpanContext" in span || "parentSpanId" in span ? "" : undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
