import type { UnderlyingByteSource, UnderlyingSource } from "node:stream/web";
import type { ObservedBody } from "../../calls/observed-call.ts";

type Controller = ReadableByteStreamController | ReadableStreamDefaultController<unknown>;

/** A stream that passes another one on. */
export interface ObservedStream {
  readonly stream: ReadableStream;
  readonly source: ReadableStream;
  /** Locks the source now, as it would be had the app locked it. */
  lockSource(): void;
}

/**
 * Passes a response's stream on chunk by chunk, showing each to `body`. It pulls only when the app does and holds nothing
 * back, so boundaries, order, backpressure and errors stay what they are. The source is locked at the first pull: until then
 * the response's own methods still work.
 * @param owner the response, kept alive while the stream is: undici cancels the stream of a response that is collected
 */
export function observeStream(source: ReadableStream, body: ObservedBody, owner: Response): ObservedStream {
  let reader: ReadableStreamDefaultReader | undefined;

  function acquire(controller?: Controller): ReadableStreamDefaultReader {
    if (reader !== undefined) return reader;
    const acquired: ReadableStreamDefaultReader = source.getReader();
    reader = acquired;
    // An abort reaches the span, and whoever waits for this stream, even when nobody reads just now. Held weakly: an open
    // connection keeps its stream alive, and must not keep ours, whose collection is how a stream left unread is noticed.
    const passedOn = controller === undefined ? undefined : new WeakRef(controller);
    acquired.closed.catch((error: unknown) => {
      body.abandon(error);
      passedOn?.deref()?.error(error);
    });
    return acquired;
  }

  const passing = {
    owner,
    async pull(controller: Controller): Promise<void> {
      const { done, value } = await acquire(controller).read();
      if (done) {
        body.complete();
        controller.close();
        if ("byobRequest" in controller) controller.byobRequest?.respond(0);
        return;
      }
      body.readBytes(value);
      passOn(controller, value);
    },
    async cancel(reason: unknown): Promise<void> {
      body.abandon();
      await acquire().cancel(reason);
    },
  };
  const stream = isByteStream(source)
    ? new ReadableStream({ type: "bytes", ...passing } as UnderlyingByteSource)
    : new ReadableStream(passing as UnderlyingSource, { highWaterMark: 0 });
  return { stream, source, lockSource: () => void acquire() };
}

function passOn(controller: Controller, chunk: unknown): void {
  // A byte stream's source gives bytes and nothing else, so this is the one call for both kinds.
  (controller as ReadableStreamDefaultController<unknown>).enqueue(chunk);
}

function isByteStream(source: ReadableStream): boolean {
  try {
    source.getReader({ mode: "byob" }).releaseLock();
    return true;
  } catch {
    return false;
  }
}
