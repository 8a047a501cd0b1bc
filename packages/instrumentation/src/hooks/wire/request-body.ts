/**
 * Longest request body that is looked at, in bytes: a chat with images in its JSON. Making text of it takes about a millisecond for
 * each MiB, in the app's call; of a longer one only the answer tells the model.
 */
const MAX_REQUEST_BODY_BYTES = 4 * 1024 * 1024;

/** Collects what an app writes as a request's body, in pieces, up to a bound. */
export class RequestBody {
  #parts: (string | Uint8Array)[] = [];
  #sizeBytes = 0;

  /** `isLast`: nothing more is written, so that the piece is read before the app can reuse its memory. */
  collect(chunk: unknown, encoding: unknown, isLast = false): void {
    const part = toPart(chunk, encoding);
    if (part === undefined) return;
    this.#sizeBytes += part.length;
    if (this.#sizeBytes > MAX_REQUEST_BODY_BYTES) this.#parts = [];
    else this.#parts.push(isLast || typeof part === "string" ? part : new Uint8Array(part));
  }

  /** The text so far, `null` when there is none or it was too long; forgets it. */
  takeText(): string | null {
    const parts = this.#parts;
    this.#parts = [];
    if (parts.length === 0) return null;
    const decoder = new TextDecoder();
    const texts = parts.map((part) => (typeof part === "string" ? part : decoder.decode(part, { stream: true })));
    return texts.join("") + decoder.decode();
  }
}

function toPart(chunk: unknown, encoding: unknown): string | Uint8Array | undefined {
  if (chunk instanceof Uint8Array) return chunk;
  if (typeof chunk !== "string") return undefined;
  const isText = typeof encoding !== "string" || /^utf-?8$/i.test(encoding);
  return isText || !Buffer.isEncoding(encoding) ? chunk : Buffer.from(chunk, encoding);
}
