import { type Tap, observeIterator, observeReader } from "./observe-reader.ts";
import { callNative, shadow } from "./native-method.ts";
import { type ExposedStream, passOn } from "./observe-stream.ts";

let canWatch: boolean | undefined;

/**
 * Whether the runtime's own consumers (`new Response(stream)`) use a stream through its methods, so that methods put on the
 * stream see them. In Node they do; where they do not, the stream has to be passed on.
 */
export function canWatchStreams(): boolean {
  return (canWatch ??= askRuntime());
}

function askRuntime(): boolean {
  let wasUsed = false;
  try {
    const stream = new ReadableStream({ start: (controller) => controller.close() });
    shadow(stream, "getReader", () => {
      wasUsed = true;
      return callNative(stream, "getReader", []);
    });
    void new Response(stream).text().catch(() => {});
  } catch {
    return false;
  }
  return wasUsed;
}

/**
 * Watches a response's stream on the stream itself: it stays the native object, and its readers and iterators are native ones
 * whose results pass by. Pipes and branches use readers that nobody can reach, and get a stream that passes this one on.
 * @param owner the response, kept alive while the stream is: undici cancels the stream of a response that is collected
 */
export function watchStream(stream: ReadableStream, tap: Tap, owner: Response): ExposedStream {
  const isForeign = (self: unknown): boolean => self !== stream || tap.isInternal || stream.locked;

  shadow(stream, "getReader", function (this: unknown, ...args: unknown[]) {
    if (isForeign(this)) return callNative(this, "getReader", args);
    const isByob = tap.filter !== undefined && args[0] !== undefined && isByobRequest(args[0]);
    if (isByob) return getFilteredByobReader(stream, tap, owner, args);
    const reader = callNative(stream, "getReader", args) as ReadableStreamDefaultReader;
    observeReader(reader, tap);
    return reader;
  });
  const iterate = function (this: unknown, ...args: unknown[]): unknown {
    if (isForeign(this)) return callNative(this, "values", args);
    const iterator = callNative(stream, "values", args) as AsyncIterator<unknown>;
    observeIterator(iterator, tap, args[0]);
    return iterator;
  };
  shadow(stream, "values", iterate);
  shadow(stream, Symbol.asyncIterator, iterate);
  shadow(stream, "tee", function (this: unknown) {
    if (isForeign(this)) return callNative(this, "tee", []);
    const passed = passOn(stream, tap, owner);
    passed.lockSource();
    return passed.stream.tee();
  });
  shadow(stream, "pipeTo", function (this: unknown, ...args: unknown[]) {
    const isOurs = !isForeign(this) && canPipeTo(args[0]) && hasSoundSignal(args[1]);
    return isOurs ? pipe(stream, tap, owner, args) : callNative(this, "pipeTo", args);
  });
  shadow(stream, "pipeThrough", function (this: unknown, ...args: unknown[]) {
    const [transform] = args;
    const isOurs = !isForeign(this) && canPipeThrough(transform) && hasSoundSignal(args[1]);
    if (!isOurs) return callNative(this, "pipeThrough", args);
    const { readable, writable } = transform;
    pipe(stream, tap, owner, [writable, args[1]]).catch(() => {});
    return readable;
  });
  shadow(stream, "cancel", function (this: unknown, ...args: unknown[]) {
    if (!isForeign(this)) tap.body.abandon();
    return callNative(this, "cancel", args);
  });
  return { stream, source: stream, lockSource: () => {} };
}

function isByobRequest(options: unknown): boolean {
  return typeof options === "object" && options !== null && Reflect.get(options, "mode") === "byob";
}

/** A filtered chunk may be shorter than the app's own buffer, so another stream fills that. */
function getFilteredByobReader(stream: ReadableStream, tap: Tap, owner: Response, args: unknown[]): unknown {
  const passed = passOn(stream, tap, owner);
  const reader: unknown = callNative(passed.stream, "getReader", args);
  passed.lockSource();
  return reader;
}

function pipe(stream: ReadableStream, tap: Tap, owner: Response, args: unknown[]): Promise<void> {
  const passed = passOn(stream, tap, owner);
  passed.lockSource();
  // A stream that is piped counts as read before the first chunk.
  Object.defineProperty(owner, "bodyUsed", { get: () => true, configurable: true, enumerable: false });
  const piping = callNative(passed.stream, "pipeTo", args) as Promise<void>;
  return piping.finally(() => passed.release());
}

/** Whether a pipe would take it; what it refuses, it refuses in its own words. */
function canPipeTo(target: unknown): target is WritableStream {
  return target instanceof WritableStream && !target.locked;
}

function canPipeThrough(transform: unknown): transform is ReadableWritablePair {
  if (typeof transform !== "object" || transform === null) return false;
  const { readable, writable } = transform as Partial<ReadableWritablePair>;
  return readable instanceof ReadableStream && canPipeTo(writable);
}

function hasSoundSignal(options: unknown): boolean {
  const signal: unknown = typeof options === "object" && options !== null ? Reflect.get(options, "signal") : undefined;
  return signal === undefined || signal instanceof AbortSignal;
}
