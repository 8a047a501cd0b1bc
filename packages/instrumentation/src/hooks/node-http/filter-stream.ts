import type { IncomingMessage } from "node:http";
import type { AskedUsage } from "../../calls/start-call.ts";
import { type Tell, shadowMethod } from "../wire/shadow.ts";

const EVENT_STREAM = /^\s*text\/event-stream/i;

/**
 * Takes out of a response, before it is the app's, what only our wish for usage brought into it. Put in place before the
 * observing method, so that the call is read from all the bytes.
 */
export function filterStream(response: IncomingMessage, asked: AskedUsage): void {
  if (!EVENT_STREAM.test(response.headers["content-type"] ?? "") || response.headers["content-encoding"] !== undefined)
    return;
  const filter = asked.createFilter();
  const tell: Tell = ([chunk, encoding], original, self) => {
    const pass = (...args: unknown[]): unknown => Reflect.apply(original as () => unknown, self, args);
    if (chunk === null) {
      const rest = filter.end();
      if (rest.length > 0) pass(toBuffer(rest));
      return { result: pass(null) };
    }
    if (!(chunk instanceof Uint8Array)) return { result: pass(chunk, encoding) };
    const left = filter.write(chunk);
    // Nothing of it is the app's: the parser goes on reading.
    return { result: left.length === 0 ? true : pass(toBuffer(left)) };
  };
  shadowMethod(response, "push", tell);
}

/** The parser gives buffers, and the app may count on their methods. */
function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
