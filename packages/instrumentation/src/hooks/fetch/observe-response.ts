import type { StreamFilter } from "@spancost/llm-wire";
import type { ObservedBody, ObservedCall } from "../../calls/observed-call.ts";
import type { Tap } from "./observe-reader.ts";
import { type ExposedStream, passOn } from "./observe-stream.ts";
import { addOpenBody, removeOpenBody } from "./open-bodies.ts";
import { canWatchStreams, watchStream } from "./watch-stream.ts";

const CONSUMERS = ["arrayBuffer", "blob", "bytes", "formData", "json", "text"] as const;
type Consumer = (typeof CONSUMERS)[number];

/** Ends the calls whose responses nobody ever reads, when they are collected. */
const forgotten = new FinalizationRegistry<ObservedBody>((body) => body.abandon());

/**
 * Watches how the app reads a response, on the response itself. A new `Response` around a teed body would lose what only
 * `fetch` can set (url, type, redirected, also on clones), would read a body that nobody asked for, and would parse JSON a
 * second time; own properties that shadow the reading methods keep the object, its identity and its laziness.
 * @param createFilter takes out of the stream what the app did not ask for
 */
export function observeResponse(response: Response, call: ObservedCall, createFilter?: () => StreamFilter): void {
  const prototype: object = Object.getPrototypeOf(response);
  const body = call.openBody(response.headers, removeOpenBody);
  const readSource = (): ReadableStream | null => Reflect.get(prototype, "body", response);
  // No body, or a stand-in for a response that a test put there.
  if (!(readSource() instanceof ReadableStream)) return body.complete();
  const tap: Tap = { body, filter: createFilter?.(), isInternal: false, keep: undefined };
  forgotten.register(response, body);
  addOpenBody(body);

  let exposed: ExposedStream | undefined;
  // A clone leaves the response with another stream than the one that the app may have seen.
  const isExposedTaken = () => exposed?.stream.locked === true && exposed.source === readSource();
  const isTaken = () => response.bodyUsed || readSource()?.locked === true || isExposedTaken();
  const lockIfTaken = () => {
    if (isExposedTaken() && exposed?.source.locked === false) exposed.lockSource();
  };
  const exposeStream = (): ReadableStream | null => {
    const source = readSource();
    if (source === null || exposed?.source === source) return exposed?.stream ?? source;
    // Being read by one of the response's own methods, which is watched there.
    if (source.locked || response.bodyUsed) return source;
    exposed = canWatchStreams() ? watchStream(source, tap, response) : passOn(source, tap, response);
    return exposed.stream;
  };
  const runNative = (native: unknown, self: unknown, args: unknown[]): unknown => {
    tap.isInternal = true;
    try {
      return Reflect.apply(native as () => unknown, self, args);
    } finally {
      tap.isInternal = false;
    }
  };

  define(response, "body", { get: exposeStream });
  for (const name of CONSUMERS) {
    const native: unknown = Reflect.get(prototype, name);
    if (typeof native !== "function") continue;
    const consume = function (this: unknown, ...args: unknown[]): unknown {
      if (this !== response) return Reflect.apply(native, this, args);
      const isWatched = !isTaken();
      lockIfTaken();
      if (isWatched && tap.filter !== undefined) return consumeFiltered(name, exposeStream(), response);
      if (isWatched) body.isAwaited = true;
      const result = runNative(native, this, args);
      return isWatched && result instanceof Promise ? watchResult(name, result, body, call) : result;
    };
    define(response, name, { value: named(consume, name), writable: true });
  }
  const clone = function (this: unknown): unknown {
    const native: unknown = Reflect.get(prototype, "clone");
    if (this !== response) return Reflect.apply(native as () => unknown, this, []);
    lockIfTaken();
    const copy = runNative(native, this, []);
    if (copy instanceof Object)
      call.guard("observing a clone", () => observeResponse(copy as Response, call, createFilter));
    return copy;
  };
  define(response, "clone", { value: named(clone, "clone"), writable: true });
}

/** Reads the stream without what was not asked for, by the runtime's own method on a response made for it. */
function consumeFiltered(name: Consumer, stream: ReadableStream | null, { headers }: Response): Promise<unknown> {
  const type = headers.get("content-type");
  return new Response(stream, type === null ? {} : { headers: { "content-type": type } })[name]();
}

function watchResult(
  name: Consumer,
  result: Promise<unknown>,
  body: ObservedBody,
  call: ObservedCall,
): Promise<unknown> {
  return result.then(
    (value) => {
      call.guard("reading the body", () => showResult(name, value, body));
      return value;
    },
    (error: unknown) => {
      // A body that came whole and is not what the app takes it for: the provider answered, and nothing is known.
      if (error instanceof SyntaxError || name === "formData") body.complete();
      else body.abandon(error);
      throw error;
    },
  );
}

function showResult(name: Consumer, value: unknown, body: ObservedBody): void {
  if (name === "json") return body.readValue(value);
  if (typeof value === "string") return body.readText(value);
  if (value instanceof Uint8Array) body.readBytes(value);
  if (value instanceof ArrayBuffer) body.readBytes(new Uint8Array(value));
  if (!(value instanceof Blob)) return body.complete();
  value.text().then(
    (text) => body.readText(text),
    () => body.complete(),
  );
}

function define(response: Response, name: string, descriptor: PropertyDescriptor): void {
  Object.defineProperty(response, name, { configurable: true, enumerable: false, ...descriptor });
}

function named(method: (...args: unknown[]) => unknown, name: string): unknown {
  return Object.defineProperty(method, "name", { value: name });
}
