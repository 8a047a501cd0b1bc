/** What of Node's `Buffer` (Bun and Deno have it too) makes a text of bytes at a fraction of `TextDecoder`'s price. */
interface BufferClass {
  from(buffer: ArrayBufferLike, offset: number, length: number): { toString(encoding: "latin1"): string };
}

const { Buffer: bufferClass } = globalThis as { Buffer?: BufferClass };
/** By the Encoding Standard's name for it: one character a byte, ASCII as itself; bytes from 0x80 to 0x9f become other characters. */
const decoder = new TextDecoder("latin1");

/** Bytes as a text of one character a byte, in which ASCII is itself: places in the text are places in the bytes. */
export const toLatin1: (bytes: Uint8Array) => string =
  typeof bufferClass?.from === "function"
    ? (bytes) => bufferClass.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1")
    : (bytes) => decoder.decode(bytes);
