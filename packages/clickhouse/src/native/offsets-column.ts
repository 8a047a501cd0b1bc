import type { ByteColumn } from "./byte-column.ts";

const INITIAL_ROWS = 1_024;

/** Where the values of each row end in an array or a map: `UInt64` in ClickHouse, below 2^32 here. */
export class OffsetsColumn {
  length = 0;
  #ends = new Uint32Array(INITIAL_ROWS);

  get sizeBytes(): number {
    return 8 * this.length;
  }

  get capacityBytes(): number {
    return this.#ends.byteLength;
  }

  push(end: number): void {
    if (this.length === this.#ends.length) this.#grow();
    this.#ends[this.length++] = end;
  }

  write(out: ByteColumn): void {
    const { length } = this;
    out.reserve(8 * length);
    const { view } = out;
    const first = out.length;
    out.length += 8 * length;
    for (let row = 0; row < length; row += 1) {
      view.setUint32(first + 8 * row, this.#ends[row] ?? 0, true);
      view.setUint32(first + 8 * row + 4, 0, true);
    }
  }

  /** Takes rows back. */
  truncate(length: number): void {
    this.length = length;
  }

  clear(): void {
    this.length = 0;
  }

  #grow(): void {
    const grown = new Uint32Array(2 * this.#ends.length);
    grown.set(this.#ends);
    this.#ends = grown;
  }
}
