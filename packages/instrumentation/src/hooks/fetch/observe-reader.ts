import type { StreamFilter } from "@spancost/llm-wire";
import type { ObservedBody } from "../../calls/observed-call.ts";
import { readMethodOf, shadow } from "./native-method.ts";
import { OPEN_BODIES } from "./open-bodies.ts";

/** Who sees what the app reads of one body. */
export interface Tap {
  readonly body: ObservedBody;
  /** Takes out of the stream what the app did not ask for. */
  readonly filter: StreamFilter | undefined;
  /** Set while one of the response's own methods runs: it uses the stream in ways that are observed elsewhere. */
  isInternal: boolean;
  /** Called when the stream is taken again after it was released. */
  keep: (() => void) | undefined;
}

type AnyReader = ReadableStreamDefaultReader | ReadableStreamBYOBReader;
/** Structural: default and BYOB readers, and iterators, give the same. */
interface ReadResult {
  readonly done: boolean;
  readonly value: unknown;
}
type Read = (...args: unknown[]) => Promise<ReadResult>;

/**
 * Watches a reader on the reader itself: own properties shadow its methods, so it stays the native object. `read` gives the
 * promise behind ours; a `then` beside the app's would mark a rejection that the app ignores as handled.
 */
export function observeReader(reader: AnyReader, tap: Tap): void {
  tap.keep?.();
  tap.keep = undefined;
  const { body } = tap;
  const [cancel, releaseLock] = [readMethodOf(reader, "cancel"), readMethodOf(reader, "releaseLock")];
  let isReleased = false;
  // An abort reaches the span although nobody reads just now. Rejections of `closed` never count as unhandled.
  reader.closed.catch((error: unknown) => {
    if (!isReleased) body.abandon(error);
  });
  shadow(reader, "read", createRead(reader, readMethodOf(reader, "read") as Read, tap));
  shadow(reader, "cancel", function (this: unknown, ...args: unknown[]) {
    if (this === reader && !isReleased) body.abandon();
    return Reflect.apply(cancel, this, args);
  });
  shadow(reader, "releaseLock", function (this: unknown) {
    if (this === reader && !isReleased) {
      isReleased = true;
      body.isAwaited = false;
      if (!body.closed) tap.keep = OPEN_BODIES.abandonSoon(body);
    }
    return Reflect.apply(releaseLock, this, []);
  });
}

/** Watches an async iterator in the same way. */
export function observeIterator(iterator: AsyncIterator<unknown>, tap: Tap, options: unknown): void {
  tap.keep?.();
  tap.keep = undefined;
  const { body } = tap;
  const leave = readMethodOf(iterator, "return");
  // Its reader is out of reach, so an error is seen where it is met.
  const rethrow = (error: unknown): never => {
    body.abandon(error);
    throw error;
  };
  shadow(iterator, "next", createRead(iterator, readMethodOf(iterator, "next") as Read, tap, rethrow));
  shadow(iterator, "return", function (this: unknown, ...args: unknown[]) {
    const isKept = typeof options === "object" && options !== null && Reflect.get(options, "preventCancel") === true;
    if (this === iterator && !body.closed) {
      if (isKept) tap.keep = OPEN_BODIES.abandonSoon(body);
      else body.abandon();
    }
    return Reflect.apply(leave, this, args);
  });
}

type Rethrow = (error: unknown) => never;

function createRead(owner: object, read: Read, tap: Tap, rethrow?: Rethrow): Read {
  return tap.filter === undefined
    ? createPlainRead(owner, read, tap.body, rethrow)
    : createFilteredRead(owner, read, tap.body, tap.filter, rethrow);
}

/** This runs for every chunk: no arguments are gathered and no closure is made. */
function createPlainRead(owner: object, read: Read, body: ObservedBody, rethrow?: Rethrow): Read {
  const see = (result: ReadResult): ReadResult => {
    body.isAwaited = false;
    if (result.done) body.complete();
    else body.readBytes(result.value);
    return result;
  };
  return function (this: unknown, view?: unknown, options?: unknown) {
    const reading = view === undefined ? read.call(this) : read.call(this, view, options);
    if (this !== owner) return reading;
    body.isAwaited = true;
    return reading.then(see, rethrow);
  };
}

/** Reads on where nothing is left of a chunk. Reads then follow each other: two at a time would overtake one another. */
function createFilteredRead(
  owner: object,
  read: Read,
  body: ObservedBody,
  filter: StreamFilter,
  rethrow?: Rethrow,
): Read {
  let pending = 0;
  let last: Promise<ReadResult> | undefined;
  let isAtEnd = false;
  const pass = (result: ReadResult): ReadResult | Promise<ReadResult> => {
    if (result.done) return end(result);
    body.readBytes(result.value);
    if (!(result.value instanceof Uint8Array)) return settle(result);
    const kept = filter.write(result.value);
    if (kept.length === 0) return Reflect.apply(read, owner, []).then(pass, rethrow);
    return settle(kept === result.value ? result : { done: false, value: kept });
  };
  const end = (result: ReadResult): ReadResult => {
    body.complete();
    const rest = isAtEnd ? undefined : filter.end();
    isAtEnd = true;
    return settle(rest === undefined || rest.length === 0 ? result : { done: false, value: rest });
  };
  const settle = (result: ReadResult): ReadResult => {
    pending -= 1;
    body.isAwaited = pending > 0;
    return result;
  };
  return function (this: unknown, ...args: unknown[]) {
    if (this !== owner) return Reflect.apply(read, this, args);
    body.isAwaited = true;
    const start = (): Promise<ReadResult> => Reflect.apply(read, owner, args).then(pass, rethrow);
    last = pending === 0 || last === undefined ? start() : last.then(start, start);
    pending += 1;
    return last;
  };
}
