import { type ObservedStream, observeStream } from "./observe-stream.ts";
import type { ObservedBody, ObservedCall } from "../../calls/observed-call.ts";

const CONSUMERS = ["arrayBuffer", "blob", "bytes", "formData", "json", "text"] as const;
type Consumer = (typeof CONSUMERS)[number];

/** Ends the calls whose responses nobody ever reads, when they are collected. */
const forgotten = new FinalizationRegistry<ObservedBody>((body) => body.abandon());

/**
 * Watches how the app reads a response, on the response itself. A new `Response` around a teed body would lose what only
 * `fetch` can set (url, type, redirected, also on clones), would read a body that nobody asked for, and would parse JSON a
 * second time; own properties that shadow the reading methods keep the object, its identity and its laziness.
 */
export function observeResponse(response: Response, call: ObservedCall): void {
  const prototype: object = Object.getPrototypeOf(response);
  const body = call.openBody(response.headers);
  const readSource = (): ReadableStream | null => Reflect.get(prototype, "body", response);
  // No body, or a stand-in for a response that a test put there.
  if (!(readSource() instanceof ReadableStream)) return body.complete();
  forgotten.register(response, body);

  let observed: ObservedStream | undefined;
  const isTaken = () => response.bodyUsed || readSource()?.locked === true || observed?.stream.locked === true;
  const lockIfTaken = () => {
    if (observed?.stream.locked === true && !observed.source.locked) observed.lockSource();
  };

  define(response, "body", {
    get(): ReadableStream | null {
      const source = readSource();
      if (source === null || observed?.source === source) return observed?.stream ?? source;
      // Being read by one of the response's own methods, which is watched there.
      if (source.locked || response.bodyUsed) return source;
      observed = observeStream(source, body, response);
      return observed.stream;
    },
  });
  for (const name of CONSUMERS) {
    const native: unknown = Reflect.get(prototype, name);
    if (typeof native !== "function") continue;
    const consume = function (this: unknown, ...args: unknown[]): unknown {
      const isWatched = this === response && !isTaken();
      if (this === response) lockIfTaken();
      const result: unknown = Reflect.apply(native, this, args);
      return isWatched && result instanceof Promise ? watchResult(name, result, body, call) : result;
    };
    define(response, name, { value: named(consume, name), writable: true });
  }
  const clone = function (this: unknown): unknown {
    if (this === response) lockIfTaken();
    const copy: unknown = Reflect.apply(Reflect.get(prototype, "clone"), this, []);
    if (copy instanceof Object) call.guard("observing a clone", () => observeResponse(copy as Response, call));
    return copy;
  };
  define(response, "clone", { value: named(clone, "clone"), writable: true });
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
      body.abandon(error);
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
