import { type Tap, observeIterator, observeReader, shadow } from "./observe-reader.ts";
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
    const { getReader } = stream;
    shadow(stream, "getReader", () => {
      wasUsed = true;
      return Reflect.apply(getReader, stream, []);
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
  const native = ReadableStream.prototype;
  const isForeign = (self: unknown): boolean => self !== stream || tap.isInternal || stream.locked;

  shadow(stream, "getReader", function (this: unknown, ...args: unknown[]) {
    if (isForeign(this)) return Reflect.apply(native.getReader, this, args as []);
    const isByob = tap.filter !== undefined && args[0] !== undefined && isByobRequest(args[0]);
    if (isByob) return getFilteredByobReader(stream, tap, owner, args);
    const reader = Reflect.apply(native.getReader, stream, args as []);
    observeReader(reader, tap);
    return reader;
  });
  const iterate = function (this: unknown, ...args: unknown[]): unknown {
    if (isForeign(this)) return Reflect.apply(native.values, this, args);
    const iterator = Reflect.apply(native.values, stream, args) as AsyncIterator<unknown>;
    observeIterator(iterator, tap, args[0]);
    return iterator;
  };
  shadow(stream, "values", iterate);
  shadow(stream, Symbol.asyncIterator, iterate);
  shadow(stream, "tee", function (this: unknown) {
    if (isForeign(this)) return Reflect.apply(native.tee, this, []) as unknown;
    const passed = passOn(stream, tap, owner);
    passed.lockSource();
    return passed.stream.tee();
  });
  shadow(stream, "pipeTo", function (this: unknown, ...args: unknown[]) {
    if (isForeign(this)) return Reflect.apply(native.pipeTo, this, args as [WritableStream]);
    return pipe(stream, tap, owner, args);
  });
  shadow(stream, "pipeThrough", function (this: unknown, ...args: unknown[]) {
    const [transform] = args;
    const isOurs = !isForeign(this) && canPipe(transform) && hasSoundSignal(args[1]);
    if (!isOurs) return Reflect.apply(native.pipeThrough, this, args as [ReadableWritablePair]) as unknown;
    const { readable, writable } = transform;
    pipe(stream, tap, owner, [writable, args[1]]).catch(() => {});
    return readable;
  });
  shadow(stream, "cancel", function (this: unknown, ...args: unknown[]) {
    if (!isForeign(this)) tap.body.abandon();
    return Reflect.apply(native.cancel, this, args) as unknown;
  });
  return { stream, source: stream, lockSource: () => {} };
}

function isByobRequest(options: unknown): boolean {
  return typeof options === "object" && options !== null && Reflect.get(options, "mode") === "byob";
}

/** A filtered chunk may be shorter than the app's own buffer, so another stream fills that. */
function getFilteredByobReader(stream: ReadableStream, tap: Tap, owner: Response, args: unknown[]): unknown {
  const passed = passOn(stream, tap, owner);
  const reader: unknown = Reflect.apply(ReadableStream.prototype.getReader, passed.stream, args as []);
  passed.lockSource();
  return reader;
}

function pipe(stream: ReadableStream, tap: Tap, owner: Response, args: unknown[]): Promise<void> {
  const passed = passOn(stream, tap, owner);
  passed.lockSource();
  const piping = Reflect.apply(ReadableStream.prototype.pipeTo, passed.stream, args as [WritableStream]);
  return piping.finally(() => passed.release());
}

/** Whether `pipeThrough` would take it; what it refuses, it refuses in its own words. */
function canPipe(transform: unknown): transform is ReadableWritablePair {
  if (typeof transform !== "object" || transform === null) return false;
  const { readable, writable } = transform as Partial<ReadableWritablePair>;
  return readable instanceof ReadableStream && writable instanceof WritableStream && !writable.locked;
}

function hasSoundSignal(options: unknown): boolean {
  const signal: unknown = typeof options === "object" && options !== null ? Reflect.get(options, "signal") : undefined;
  return signal === undefined || signal instanceof AbortSignal;
}
