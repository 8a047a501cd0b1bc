import { type Context, context, createContextKey, SpanKind, trace } from "@opentelemetry/api";
import { toHostUrl, toHttpUrl } from "./host-allow-list.ts";

/** Where the one request goes that `withTargetUrl` was opened for. */
interface Target {
  readonly url: URL | undefined;
  /** The span that first asked: a redirect asks with another, and goes elsewhere. */
  spanId?: string | undefined;
}

const TARGET_KEY = createContextKey("spancost.target");
/** Attributes that only spans of single HTTP requests have; a span of a database or a model call also names a server, but not of this request. */
const REQUEST_MARKERS = ["http.request.method", "http.method", "url.full", "http.url"] as const;

/**
 * Runs `fn`, which sends ONE request to `url`, so that the propagator knows where its headers go. What `fn` returns is returned, what it throws
 * is thrown.
 */
export function withTargetUrl<T>(url: string | URL, fn: () => T): T {
  const target: Target = { url: toHttpUrl(url) };
  return context.with(context.active().setValue(TARGET_KEY, target), fn);
}

/**
 * Says where a request goes whose headers are about to be written: every place that is named must be allowed. `undefined` when nothing, or nothing
 * usable, is known.
 */
export function findRequestTargets(from: Context): readonly URL[] | undefined {
  const target = from.getValue(TARGET_KEY);
  const span = trace.getSpan(from);
  const named = [
    ...(isTarget(target) ? [claimTarget(target, span?.spanContext().spanId)] : []),
    ...readSpanTargets(span),
  ];
  const known = named.filter((url) => url !== undefined);
  return known.length === 0 || known.length !== named.length ? undefined : known;
}

/** Gives the target to the first span only. */
function claimTarget(target: Target, spanId: string | undefined): URL | undefined {
  target.spanId ??= spanId ?? "";
  return target.spanId === (spanId ?? "") ? target.url : undefined;
}

/** Reads a client span of an HTTP request while it records; the conventions of 1.23 and before named the attributes otherwise. */
function readSpanTargets(span: unknown): readonly (URL | undefined)[] {
  if (!isClientSpan(span) || !REQUEST_MARKERS.some((name) => typeof span.attributes[name] === "string")) return [];
  const { attributes } = span;
  const urls = [attributes["url.full"], attributes["http.url"]].filter((url) => url !== undefined);
  const host = attributes["server.address"] ?? attributes["net.peer.name"];
  const port = attributes["server.port"] ?? attributes["net.peer.port"];
  const targets = urls.map((url) => (typeof url === "string" ? toHttpUrl(url) : undefined));
  return host === undefined ? targets : [...targets, toServerUrl(host, port, targets[0])];
}

/** A span names its host without a port where that is the scheme's own. */
function toServerUrl(host: unknown, port: unknown, full: URL | undefined): URL | undefined {
  if (typeof host !== "string") return undefined;
  if (typeof port === "number" || typeof port === "string") return toHostUrl(host, port);
  return toHostUrl(host, full === undefined ? undefined : full.port || (full.protocol === "https:" ? "443" : "80"));
}

function isTarget(value: unknown): value is Target {
  return typeof value === "object" && value !== null && "url" in value;
}

function isClientSpan(span: unknown): span is { readonly attributes: Readonly<Record<string, unknown>> } {
  if (typeof span !== "object" || span === null || !("kind" in span) || span.kind !== SpanKind.CLIENT) return false;
  if (!("isRecording" in span) || typeof span.isRecording !== "function" || span.isRecording() !== true) return false;
  return "attributes" in span && typeof span.attributes === "object" && span.attributes !== null;
}
