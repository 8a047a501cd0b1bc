import type { UnderlyingByteSource, UnderlyingSource } from "node:stream/web";
import { callNative } from "./native-method.ts";
import { type Tap, observeReader } from "./observe-reader.ts";

type Controller = ReadableByteStreamController | ReadableStreamDefaultController<unknown>;

/** What the app gets as a response's stream. */
export interface ExposedStream {
  readonly stream: ReadableStream;
  readonly source: ReadableStream;
  /** Locks the source now, as it would be had the app locked it. */
  lockSource(): void;
}

/** A stream that passes another one on. */
interface PassedStream extends ExposedStream {
  /** Lets the source go, as a pipe does at its end. */
  release(): void;
}

/**
 * Passes a response's stream on chunk by chunk through an observed reader. It pulls only when the app does and holds nothing
 * back, so boundaries, order, backpressure and errors stay what they are. The source is locked at the first pull: until then
 * the response's own methods still work. Costs as much again as the stream itself: for what cannot be watched in place.
 * @param owner the response, kept alive while the stream is: undici cancels the stream of a response that is collected
 */
export function passOn(source: ReadableStream, tap: Tap, owner: Response): PassedStream {
  let reader: ReadableStreamDefaultReader | undefined;

  function acquire(controller?: Controller): ReadableStreamDefaultReader {
    if (reader !== undefined) return reader;
    const acquired: ReadableStreamDefaultReader = getNativeReader(source);
    reader = acquired;
    observeReader(acquired, tap);
    // Whoever waits for this stream learns of an error when it happens. Held weakly: an open connection keeps its stream
    // alive, and must not keep ours, whose collection is how a stream left unread is noticed.
    const passedOn = controller === undefined ? undefined : new WeakRef(controller);
    acquired.closed.catch((error: unknown) => passedOn?.deref()?.error(error));
    return acquired;
  }

  const passing = {
    owner,
    async pull(controller: Controller): Promise<void> {
      const { done, value } = await acquire(controller).read();
      if (!done) return passChunk(controller, value);
      controller.close();
      if ("byobRequest" in controller) controller.byobRequest?.respond(0);
    },
    async cancel(reason: unknown): Promise<void> {
      tap.body.abandon();
      await acquire().cancel(reason);
    },
  };
  const stream = isByteStream(source)
    ? new ReadableStream({ type: "bytes", ...passing } as UnderlyingByteSource)
    : new ReadableStream(passing as UnderlyingSource, { highWaterMark: 0 });
  return { stream, source, lockSource: () => void acquire(), release: () => reader?.releaseLock() };
}

function getNativeReader(source: ReadableStream): ReadableStreamDefaultReader {
  return callNative(source, "getReader", []) as ReadableStreamDefaultReader;
}

function passChunk(controller: Controller, chunk: unknown): void {
  // A byte stream's source gives bytes and nothing else, so this is the one call for both kinds.
  (controller as ReadableStreamDefaultController<unknown>).enqueue(chunk);
}

function isByteStream(source: ReadableStream): boolean {
  try {
    (callNative(source, "getReader", [{ mode: "byob" }]) as ReadableStreamBYOBReader).releaseLock();
    return true;
  } catch {
    return false;
  }
}
