/** Thrown for a body that the hot path does not read: what it means, and whether it is damaged, is for the cold path to say. */
export const NOT_UNDERSTOOD: Error = new Error("not understood by the hot path");

/** Keys of fields as they stand on the wire: the number times eight, plus the wire type. */
export const varintField = (number: number): number => number << 3;
export const fixed64Field = (number: number): number => (number << 3) | 1;
export const bytesField = (number: number): number => (number << 3) | 2;
const WIRE_TYPE = 7;

/** Walks over a Protocol Buffers message by offsets. Every read beyond the body throws, by DataView's own check. */
export class WireReader {
  readonly view: DataView;
  at = 0;

  constructor(body: Uint8Array) {
    this.view = new DataView(body.buffer, body.byteOffset, body.length);
  }

  /** A varint below 2^28 in as few bytes as it needs: a field's key, a length, an enum. Nobody writes others, legal as they are. */
  small(): number {
    const { view } = this;
    let byte = view.getUint8(this.at++);
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    for (let shift = 7; shift < 28; shift += 7) {
      byte = view.getUint8(this.at++);
      value |= (byte & 0x7f) << shift;
      if (byte === 0) throw NOT_UNDERSTOOD;
      if (byte < 0x80) return value;
    }
    throw NOT_UNDERSTOOD;
  }

  /** The end of the bytes whose length stands here, which must lie within `end`. */
  endOfBytes(end: number): number {
    const size = this.small();
    const last = this.at + size;
    if (last > end) throw NOT_UNDERSTOOD;
    return last;
  }

  /** Passes over a varint of any size. @returns its number of bytes */
  skipVarint(): number {
    const start = this.at;
    while (this.view.getUint8(this.at++) >= 0x80) if (this.at - start >= 10) throw NOT_UNDERSTOOD;
    return this.at - start;
  }

  /** Passes over a field that is not known here. */
  skip(key: number, end: number): void {
    if (key < 8) throw NOT_UNDERSTOOD;
    const type = key & WIRE_TYPE;
    if (type === 0) this.skipVarint();
    else if (type === 1) this.at += 8;
    else if (type === 2) this.at = this.endOfBytes(end);
    else if (type === 5) this.at += 4;
    else throw NOT_UNDERSTOOD;
  }
}

/** Varints of so many bytes are whole numbers below 2^49: none is negative, and a double holds them. */
export const MAX_COUNT_BYTES = 7;

/** A varint of at most `MAX_COUNT_BYTES`; they can be more than it needs. */
export function readVarint(view: DataView, at: number, size: number): number {
  let value = 0;
  let unit = 1;
  for (let index = at; index < at + size; index += 1, unit *= 0x80) value += (view.getUint8(index) & 0x7f) * unit;
  return value;
}
