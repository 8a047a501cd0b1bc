import type { Transform } from "node:stream";

/** Takes a response's bytes as they come, and their end. */
export interface ByteSink {
  readBytes(bytes: Uint8Array): void;
  complete(): void;
  /** `error`: what the response broke with, when it was not simply left. */
  abandon(error?: unknown): void;
}

/** Compressed bytes that may wait for decoding, which happens beside the app and may fall behind it. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;
/** Decoded bytes of one response that are looked at: nothing that a provider sends is longer, and a few bytes can claim to be. */
const MAX_DECODED_BYTES = 256 * 1024 * 1024;

/** A zlib stream starts with method 8 in its first byte's lower half; servers send bare deflate under the same name. */
const ZLIB_METHOD_MASK = 0x0f;
const ZLIB_METHOD = 8;

/**
 * Stands before a sink when the bytes on the wire are compressed. The app decodes its bytes itself, so these are decoded a
 * second time, off the main thread. `undefined` when the encoding is not known.
 */
export function decodeBefore(sink: ByteSink, contentEncoding: string | null): ByteSink | undefined {
  const encoding = contentEncoding?.trim().toLowerCase() ?? "";
  if (encoding === "" || encoding === "identity") return sink;
  return DECODED.has(encoding) ? new DecodedCopy(sink, encoding) : undefined;
}

const DECODED: ReadonlySet<string> = new Set(["gzip", "x-gzip", "deflate", "br", "zstd"]);

class DecodedCopy implements ByteSink {
  readonly #sink: ByteSink;
  readonly #encoding: string;
  #decoder: Transform | undefined;
  #decodedBytes = 0;
  #settle: () => void;

  constructor(sink: ByteSink, encoding: string) {
    this.#sink = sink;
    this.#encoding = encoding;
    this.#settle = () => sink.complete();
  }

  readBytes(bytes: Uint8Array): void {
    const decoder = (this.#decoder ??= this.#openDecoder(bytes));
    if (decoder === undefined || decoder.destroyed || decoder.writableEnded) return;
    if (decoder.writableLength > MAX_WAITING_BYTES) decoder.destroy();
    else decoder.write(bytes);
  }

  complete(): void {
    this.#endWith(() => this.#sink.complete());
  }

  abandon(error?: unknown): void {
    this.#endWith(() => this.#sink.abandon(error));
  }

  /** What has been written is decoded before the sink learns how the response ended. */
  #endWith(settle: () => void): void {
    this.#settle = settle;
    const decoder = this.#decoder;
    if (decoder === undefined || decoder.closed) settle();
    else if (!decoder.destroyed) decoder.end();
  }

  #openDecoder(first: Uint8Array): Transform | undefined {
    const decoder = createDecoder(this.#encoding, first);
    if (decoder === undefined) return undefined;
    decoder.on("data", (bytes: Uint8Array) => {
      this.#decodedBytes += bytes.length;
      if (this.#decodedBytes > MAX_DECODED_BYTES) decoder.destroy();
      else this.#sink.readBytes(bytes);
    });
    // Bytes that are not what they claim to be leave the call with what was read of them.
    decoder.on("error", () => {});
    decoder.on("close", () => this.#settle());
    return decoder;
  }
}

/** The decoder of a content encoding; one that ends early is not an error, for the sake of responses that were left. */
function createDecoder(encoding: string, first: Uint8Array): Transform | undefined {
  const zlib = process.getBuiltinModule("node:zlib");
  const { constants } = zlib;
  if (encoding === "br") return zlib.createBrotliDecompress({ finishFlush: constants.BROTLI_OPERATION_FLUSH });
  if (encoding === "zstd") return zlib.createZstdDecompress?.({ finishFlush: constants.ZSTD_e_flush });
  const options = { finishFlush: constants.Z_SYNC_FLUSH };
  if (encoding !== "deflate") return zlib.createGunzip(options);
  const isZlib = ((first[0] ?? 0) & ZLIB_METHOD_MASK) === ZLIB_METHOD;
  return isZlib ? zlib.createInflate(options) : zlib.createInflateRaw(options);
}
