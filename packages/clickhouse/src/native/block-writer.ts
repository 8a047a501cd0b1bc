const INITIAL_CAPACITY = 65_536;

/** A growing buffer with the primitives of ClickHouse's Native format, all little endian. */
export class BlockWriter {
  #buffer = Buffer.allocUnsafe(INITIAL_CAPACITY);
  #length = 0;

  /** The bytes written so far; the writer must not be used afterwards. */
  take(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  varUint(value: number): void {
    this.#reserve(10);
    let rest = value;
    while (rest > 0x7f) {
      this.#buffer[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#buffer[this.#length++] = rest;
  }

  string(text: string): void {
    const sizeBytes = Buffer.byteLength(text, "utf8");
    this.varUint(sizeBytes);
    this.#reserve(sizeBytes);
    this.#length += this.#buffer.write(text, this.#length, "utf8");
  }

  /** Exactly `size` bytes, filled up with zeros. */
  fixedBytes(bytes: Uint8Array, size: number): void {
    this.#reserve(size);
    this.#buffer.fill(0, this.#length, this.#length + size);
    this.#buffer.set(bytes.subarray(0, size), this.#length);
    this.#length += size;
  }

  uint8(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#length++] = value;
  }

  uint32(value: number): void {
    this.#reserve(4);
    this.#length = this.#buffer.writeUInt32LE(value >>> 0, this.#length);
  }

  uint64(value: bigint): void {
    this.#reserve(8);
    this.#length = this.#buffer.writeBigUInt64LE(BigInt.asUintN(64, value), this.#length);
  }

  int64(value: bigint): void {
    this.#reserve(8);
    this.#length = this.#buffer.writeBigInt64LE(BigInt.asIntN(64, value), this.#length);
  }

  int128(value: bigint): void {
    this.uint64(value);
    this.int64(value >> 64n);
  }

  #reserve(sizeBytes: number): void {
    const needed = this.#length + sizeBytes;
    if (needed <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, needed));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }
}
