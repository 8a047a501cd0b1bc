import { isUtf8 } from "node:buffer";

/** Reads the primitives of ClickHouse's Native format; every read is within the bytes. */
export class NativeCursor {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  varUint(): number {
    let value = 0;
    for (let unit = 1; ; unit *= 0x80) {
      const byte = this.uint8();
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) return value;
      if (unit > 2 ** 49) throw this.fault("a length is longer than 8 bytes");
    }
  }

  /** A text; bytes that are no UTF-8 are shown as such, so that they equal no text that is. */
  text(): string {
    const size = this.varUint();
    const at = this.#take(size);
    const bytes = this.#bytes.subarray(at, at + size);
    return isUtf8(bytes) ? bytes.toString("utf8") : `no UTF-8: ${bytes.toString("hex")}`;
  }

  hex(sizeBytes: number): string {
    const at = this.#take(sizeBytes);
    return this.#bytes.toString("hex", at, at + sizeBytes);
  }

  uint8(): number {
    return this.#bytes.readUInt8(this.#take(1));
  }

  uint16(): number {
    return this.#bytes.readUInt16LE(this.#take(2));
  }

  uint32(): number {
    return this.#bytes.readUInt32LE(this.#take(4));
  }

  uint64(): bigint {
    return this.#bytes.readBigUInt64LE(this.#take(8));
  }

  int64(): bigint {
    return this.#bytes.readBigInt64LE(this.#take(8));
  }

  int128(): bigint {
    const low = this.uint64();
    return (this.int64() << 64n) | low;
  }

  fault(what: string): Error {
    return new Error(`The Native bytes are wrong at ${this.#at} of ${this.#bytes.length}: ${what}.`);
  }

  #take(sizeBytes: number): number {
    const at = this.#at;
    if (sizeBytes > this.#bytes.length - at) throw this.fault(`${sizeBytes} more bytes were expected`);
    this.#at = at + sizeBytes;
    return at;
  }
}
