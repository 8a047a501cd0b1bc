import type { SseEvent } from "./sse-splitter.ts";

/** Total length, length of the headers and a checksum of both, in bytes. */
export const PRELUDE_BYTES = 12;
/** The checksum behind a message, in bytes. */
export const CHECKSUM_BYTES = 4;

const MAX_NAME_LENGTH = 255;
const STRING_TYPE = 7;
/** Bytes that a header's value takes by its type; `null` where a 16-bit length stands before it. */
const VALUE_BYTES: readonly (number | null)[] = [0, 0, 1, 2, 4, 8, null, null, 8, 16];
const LENGTH_BYTES = 2;

/**
 * Reads a whole message whose checksums hold; `undefined` when it is no event: a reply without data, or headers that make no
 * sense. The data is decoded when it is asked for, which must be before the bytes change.
 * @see https://smithy.io/2.0/aws/amazon-eventstream.html read 2026-11-20
 */
export function readEventStreamMessage(message: Uint8Array, headersEnd: number): SseEvent | undefined {
  const headers = readTextHeaders(message, headersEnd);
  if (headers === undefined) return undefined;
  const payload = message.subarray(headersEnd, message.length - CHECKSUM_BYTES);
  const exceptionType = readExceptionType(headers);
  return {
    event: headers.get(":event-type") ?? "",
    get data() {
      return new TextDecoder().decode(payload);
    },
    ...(exceptionType === null ? {} : { exceptionType }),
  };
}

/** Exceptions are modelled by the service; errors are not, and have a code instead of a type. */
function readExceptionType(headers: ReadonlyMap<string, string>): string | null {
  const kind = headers.get(":message-type");
  if (kind === "exception") return headers.get(":exception-type") ?? kind;
  return kind === "error" ? (headers.get(":error-code") ?? kind) : null;
}

/** Header values of type string, by name; `undefined` when a header reaches beyond the end. */
function readTextHeaders(message: Uint8Array, end: number): ReadonlyMap<string, string> | undefined {
  const view = new DataView(message.buffer, message.byteOffset, end);
  const found = new Map<string, string>();
  let position = PRELUDE_BYTES;
  while (position < end) {
    const nameEnd = position + 1 + view.getUint8(position);
    if (nameEnd >= end) return undefined;
    const type = view.getUint8(nameEnd);
    const fixed = VALUE_BYTES[type];
    const valueStart = nameEnd + 1 + (fixed === null ? LENGTH_BYTES : 0);
    if (fixed === undefined || valueStart > end) return undefined;
    const valueEnd = valueStart + (fixed ?? view.getUint16(nameEnd + 1));
    if (valueEnd > end) return undefined;
    if (type === STRING_TYPE)
      found.set(toAscii(message, position + 1, nameEnd), toAscii(message, valueStart, valueEnd));
    position = valueEnd;
  }
  return found;
}

/** Names and types are short and ASCII; a longer text is none that matters. */
function toAscii(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > MAX_NAME_LENGTH) return "";
  let text = "";
  for (let at = start; at < end; at += 1) text += String.fromCharCode(bytes[at] ?? 0);
  return text;
}
