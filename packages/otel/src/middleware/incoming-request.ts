import { defaultTextMapGetter, type TextMapGetter } from "@opentelemetry/api";

/** What a middleware knows of a request before the app's own code does. */
export interface IncomingRequest {
  /** The same object for each middleware that meets the request. */
  readonly identity: object;
  /** The socket's own address: what a header says of it anybody may have written. */
  readonly peerAddress: string | undefined;
  /** Reads a header by its lower-case name. */
  readonly getter: TextMapGetter<unknown>;
  readonly headers: unknown;
}

/** Headers of the Fetch standard, as far as they are used here. */
interface WebHeaders {
  get(name: string): string | null;
  keys(): Iterable<string>;
}

const nodeGetter: TextMapGetter<unknown> = {
  keys: (headers) => (isObject(headers) ? Object.keys(headers) : []),
  get: (headers, name) => (isObject(headers) ? defaultTextMapGetter.get(headers, name) : undefined),
};
const webGetter: TextMapGetter<unknown> = {
  keys: (headers) => (isWebHeaders(headers) ? [...headers.keys()] : []),
  get: (headers, name) => (isWebHeaders(headers) ? (headers.get(name) ?? undefined) : undefined),
};

/** Reads a request of node:http, of node:http2's compatibility API or of the Fetch standard; `undefined` when it is none of them. */
export function readIncomingRequest(request: unknown): IncomingRequest | undefined {
  if (!isObject(request)) return undefined;
  const { headers, socket } = request;
  if (!isObject(headers)) return undefined;
  const peerAddress =
    isObject(socket) && typeof socket["remoteAddress"] === "string" ? socket["remoteAddress"] : undefined;
  return { identity: request, peerAddress, headers, getter: isWebHeaders(headers) ? webGetter : nodeGetter };
}

function isWebHeaders(headers: unknown): headers is WebHeaders {
  return isObject(headers) && typeof headers["get"] === "function" && typeof headers["keys"] === "function";
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
