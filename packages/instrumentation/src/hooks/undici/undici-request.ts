import type { AsyncResource } from "node:async_hooks";
import { ROOT_CONTEXT, context } from "@opentelemetry/api";
import { isClaimed, isClaimedElsewhere, isClaimedFor } from "../claimed-scope.ts";
import type { WireRequestHead } from "../wire/wire-call.ts";

/** What undici 5 to 8 tell of a request on their channels. @see https://undici.nodejs.org/#/docs/api/DiagnosticsChannel */
export interface UndiciRequest {
  readonly origin?: unknown;
  readonly path: string;
  readonly method: string;
  /** Lines in undici 5; names and values in turn since undici 6. */
  readonly headers: unknown;
  /** Text is bytes by now; `null` for none; else a stream or an iterable. */
  readonly body?: unknown;
}

const SCHEME = /^https?:\/\//;

/** Whether a request goes to a forward proxy: then its path is the whole URL, and its origin says nothing of it. */
export function isToProxy({ path }: UndiciRequest): boolean {
  return SCHEME.test(path);
}

/** The absolute URL. */
export function readUrl(request: UndiciRequest): string {
  return isToProxy(request) ? request.path : String(request.origin) + request.path;
}

export function readHead(request: UndiciRequest, url: string): WireRequestHead {
  return { url, method: request.method, readHeader: (name) => readHeader(request.headers, name) };
}

/** A header among lines, or among names and values in turn, as text or bytes; or in an object, as HTTP/2 has them. */
export function readHeader(headers: unknown, name: string): string | null {
  if (typeof headers === "string") return readHeader(headers.split(/: |\r\n/), name);
  if (!Array.isArray(headers)) return readField(headers, name);
  for (let index = 0; index + 1 < headers.length; index += 2) {
    if (toText(headers[index]).toLowerCase() === name) return toText(headers[index + 1]);
  }
  return null;
}

/**
 * Runs `observe` in the context of whoever asked for the request, and tells it whether a hook further up has it. A pool whose
 * connections are all busy makes requests later, in the context of another: its own methods' handlers remember theirs; those of
 * a `fetch` do not, and are better nobody's than somebody else's.
 */
export function runAsCaller(request: UndiciRequest, url: string, observe: (isClaimed: boolean) => void): void {
  // Nearly every call: a `fetch` straight from the hook above. Asking the stack would cost more than all the rest of it.
  if (isClaimedFor(url)) return observe(true);
  const resource = findCallerResource(request);
  if (resource !== undefined) resource.runInAsyncScope(() => observe(isClaimed()));
  else if (isMadeLater()) context.with(ROOT_CONTEXT, () => observe(isClaimedElsewhere(url)));
  else observe(isClaimed());
}

/** What remembers the context of whoever asked for the request, where undici keeps that. */
export function findCallerResource(request: UndiciRequest): AsyncResource | undefined {
  const handler = findHandler(request);
  const isResource = typeof handler === "object" && handler !== null && "runInAsyncScope" in handler;
  return isResource ? (handler as AsyncResource) : undefined;
}

/** What undici calls the functions that empty a pool's queue, since version 5. */
const QUEUE_FUNCTION = /\b(?:onDrain|emitDrain)\b/;
/** Frames from the making of a request to these functions. */
const STACK_FRAMES = 16;

/** Only the stack tells. Its frames are looked at as they are: writing them out as text, with lines and columns, takes 40 us. */
function isMadeLater(): boolean {
  const { stackTraceLimit } = Error;
  const before = Object.getOwnPropertyDescriptor(Error, "prepareStackTrace");
  let isLater = false;
  Error.stackTraceLimit = STACK_FRAMES;
  Error.prepareStackTrace = (_error, frames) => {
    isLater = frames.some((frame) => QUEUE_FUNCTION.test(frame.getFunctionName() ?? ""));
  };
  try {
    // Reading it is what asks for the frames.
    void new Error("stack").stack;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    if (before === undefined) Reflect.deleteProperty(Error, "prepareStackTrace");
    else Object.defineProperty(Error, "prepareStackTrace", before);
  }
  return isLater;
}

function findHandler(request: UndiciRequest): unknown {
  const key = Object.getOwnPropertySymbols(request).find((symbol) => symbol.description === "handler");
  return key === undefined ? undefined : Reflect.get(request, key);
}

function readField(headers: unknown, name: string): string | null {
  if (typeof headers !== "object" || headers === null) return null;
  const value: unknown = Reflect.get(headers, name);
  return value === undefined ? null : toText(value);
}

function toText(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("latin1");
  return Array.isArray(value) ? value.map(toText).join(", ") : String(value);
}
