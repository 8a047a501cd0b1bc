import type { ClientRequest } from "node:http";
import { type Context, context } from "@opentelemetry/api";
import { observeSafely, reportFailure } from "../hooks/wire/guard.ts";
import { CHANNELS, listenToChannel } from "../hooks/wire/listen-to-channel.ts";
import { guardHeaders, type OutgoingHeaders } from "./guard-headers.ts";
import type { OutboundBoundary } from "./outbound-boundary.ts";
import { patchMethod } from "./patch-method.ts";
import { WrittenHead } from "./written-head.ts";

/** A request that has its head as text once that is written out. */
interface WrittenRequest extends ClientRequest {
  readonly _header?: unknown;
}

/**
 * Guards the requests of Node's own HTTP/1 clients. Their headers are final when they are written out, at the first byte of the body or the
 * end: whatever the app or an instrumentation has set is there by then.
 */
export function guardNodeHttp(boundary: OutboundBoundary): () => void {
  const http = globalThis.process?.getBuiltinModule?.("node:http");
  if (http === undefined) return () => {};
  const makers = new WeakMap<object, Context>();
  // Runs for every request of the app: no closure is made.
  const onCreated = (message: unknown): void => {
    try {
      const { request } = message as { readonly request: WrittenRequest };
      const from = findMaker(boundary, request);
      if (from !== undefined) makers.set(request, from);
      // Headers given as a list, or beside an `expect`, are written out already.
      if (typeof request._header === "string") guard(boundary, new WrittenHead(request), from);
    } catch (error) {
      reportFailure("guarding a request of node:http", error);
    }
  };
  const onWritten = (self: unknown, first: unknown): unknown => {
    const request = self as ClientRequest;
    const from = makers.get(request);
    if (from !== undefined || request.hasHeader("baggage")) guardKept(boundary, request, from);
    return first;
  };
  const stop = listenToChannel(CHANNELS.httpRequest, onCreated);
  const undo = patchMethod(http.ClientRequest.prototype, "_implicitHeader", onWritten);
  return () => {
    stop();
    undo?.();
  };
}

function guardKept(boundary: OutboundBoundary, request: ClientRequest, from: Context | undefined): void {
  observeSafely("guarding a request of node:http", () => guard(boundary, new KeptHeaders(request), from));
}

function guard({ rule }: OutboundBoundary, headers: OutgoingHeaders, from: Context | undefined): void {
  if (rule !== undefined) guardHeaders(rule, headers, from);
}

/** The context that a request is made in, where all that names its host is allowed; through a forward proxy, none. */
function findMaker(boundary: OutboundBoundary, request: WrittenRequest): Context | undefined {
  const host = request.getHeader("host") ?? readWrittenHost(request);
  if (typeof host !== "string" || !boundary.allowsHost(request.protocol, host)) return undefined;
  if (!request.path.startsWith("/") || request.method === "CONNECT") return undefined;
  if (!isNamedBy(host, request.host) && !boundary.allowsHost(request.protocol, toConnectedHost(request, host)))
    return undefined;
  const from = context.active();
  return boundary.allows(`${request.protocol}//${host}${request.path}`, from) ? from : undefined;
}

/** Where the connection goes, as far as a request says: the app has named another host in its header. */
function toConnectedHost({ host }: ClientRequest, hostHeader: string): string {
  const port = /:\d+$/.exec(hostHeader)?.[0] ?? "";
  return `${host.includes(":") && !host.startsWith("[") ? `[${host}]` : host}${port}`;
}

function isNamedBy(hostHeader: string, host: string): boolean {
  return hostHeader.startsWith(host) && (hostHeader.length === host.length || hostHeader.charAt(host.length) === ":");
}

function readWrittenHost(request: WrittenRequest): string | undefined {
  return typeof request._header === "string" ? new WrittenHead(request).readHost() : undefined;
}

/** The headers that a request keeps until it writes them. */
class KeptHeaders implements OutgoingHeaders {
  readonly #request: ClientRequest;

  constructor(request: ClientRequest) {
    this.#request = request;
  }

  read(name: string): readonly string[] {
    const value = this.#request.getHeader(name);
    if (value === undefined) return [];
    return Array.isArray(value) ? value : [String(value)];
  }

  replace(name: string, value: string | undefined): void {
    if (value === undefined) this.#request.removeHeader(name);
    else this.#request.setHeader(name, value);
  }
}
