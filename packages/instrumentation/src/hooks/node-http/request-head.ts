import type { ClientRequest } from "node:http";
import type { WireRequestHead } from "../wire/wire-call.ts";

/** Scheme, host and port of a request, ending in a slash. Its host header is what makes its URL, by RFC 9112, 3.2. */
export function readOrigin(request: ClientRequest): string {
  return `${request.protocol}//${readHeader(request, "host") ?? request.host}/`;
}

export function readHead(request: ClientRequest, origin: string): WireRequestHead {
  const { path } = request;
  return {
    // A request to a forward proxy has the whole URL for its path.
    url: path.startsWith("/") ? origin + path.slice(1) : path,
    method: request.method,
    readHeader: (name) => readHeader(request, name),
  };
}

function readHeader(request: ClientRequest, name: string): string | null {
  const value = request.getHeader(name);
  if (value !== undefined) return Array.isArray(value) ? value.join(", ") : String(value);
  // Headers given as a list are not kept, only written out.
  const head: unknown = Reflect.get(request, "_header");
  return typeof head === "string" && !hasHeaders(request) ? readWrittenHeader(head, name) : null;
}

function hasHeaders(request: ClientRequest): boolean {
  return request.getHeaderNames().length > 0;
}

function readWrittenHeader(head: string, name: string): string | null {
  for (const line of head.split("\r\n").slice(1)) {
    const colon = line.indexOf(":");
    if (line.slice(0, colon).toLowerCase() === name) return line.slice(colon + 1).trim();
  }
  return null;
}
