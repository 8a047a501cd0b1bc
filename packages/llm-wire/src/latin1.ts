/** What of Node's `Buffer` (Bun and Deno have it too) makes a text of bytes at a fraction of `TextDecoder`'s price. */
interface BufferClass {
  readonly prototype: { readonly latin1Slice?: (this: Uint8Array, start: number, end: number) => string };
}

const { Buffer: bufferClass } = globalThis as { Buffer?: BufferClass };
const slice = bufferClass?.prototype.latin1Slice;
/** The Encoding Standard's Latin-1: one character a byte, ASCII as itself; 0x80 to 0x9f become other characters than in Node's. */
const decoder = new TextDecoder("latin1");

/** Bytes as a text of one character a byte, in which ASCII is itself: places in the text are places in the bytes. */
export const toLatin1: (bytes: Uint8Array) => string =
  slice !== undefined && takesAnyBytes(slice)
    ? (bytes) => slice.call(bytes, 0, bytes.length)
    : (bytes) => decoder.decode(bytes);

/** Whether the method, which is no documented one, works on bytes that are no `Buffer`. */
function takesAnyBytes(method: NonNullable<typeof slice>): boolean {
  try {
    return method.call(Uint8Array.of(0x00, 0x61, 0xe9), 1, 3) === "a\u00E9";
  } catch {
    return false;
  }
}
