import type { IncomingMessage } from "node:http";
import type { StreamFilter } from "@spancost/llm-wire";
import type { AskedUsage } from "../../calls/start-call.ts";
import type { Method } from "../wire/observed-methods.ts";

const EVENT_STREAM = /^\s*text\/event-stream/i;

/** What takes out of a response what only our wish for usage brought into it. */
export function createStreamFilter(response: IncomingMessage, asked: AskedUsage): StreamFilter | undefined {
  const isFiltered =
    EVENT_STREAM.test(response.headers["content-type"] ?? "") && response.headers["content-encoding"] === undefined;
  return isFiltered ? asked.createFilter() : undefined;
}

/** Pushes, in the place of a piece from the parser, what the app asked for of it. */
export function pushFiltered(filter: StreamFilter, args: readonly unknown[], push: Method, response: object): unknown {
  const [chunk] = args;
  if (chunk === null) {
    const rest = filter.end();
    if (rest.length > 0) Reflect.apply(push, response, [toBuffer(rest)]);
    return Reflect.apply(push, response, [null]);
  }
  if (!(chunk instanceof Uint8Array)) return Reflect.apply(push, response, args);
  const left = filter.write(chunk);
  // Nothing of it is the app's: the parser goes on reading.
  return left.length === 0 ? true : Reflect.apply(push, response, [toBuffer(left)]);
}

/** The parser gives buffers, and the app may count on their methods. */
function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
