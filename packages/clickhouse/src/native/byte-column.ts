const INITIAL_CAPACITY = 4_096;
/** Room behind the last byte, so that copies may go on to the end of a machine word. */
const SLACK = 8;
/** Copying so few bytes one by one is quicker than the call that copies many. */
const MAX_LOOPED_BYTES = 32;
const MAX_VAR_UINT_BYTES = 10;
const TWO_TO_32 = 0x1_0000_0000;
const HEX_DIGITS = hexDigits();

/**
 * A column under construction as the bytes that ClickHouse's Native format has for it. Nothing is decoded on the way in: texts are copied
 * from where they stand. Calls are made once a value, so they allocate nothing but when the column grows.
 */
export class ByteColumn {
  bytes: Uint8Array<ArrayBuffer>;
  view: DataView;
  length = 0;

  /** `capacity`: how many bytes it will have, where that is known. */
  constructor(capacity = INITIAL_CAPACITY) {
    this.bytes = new Uint8Array(capacity + SLACK);
    this.view = new DataView(this.bytes.buffer);
  }

  get sizeBytes(): number {
    return this.length;
  }

  /** Memory that it holds. */
  get capacityBytes(): number {
    return this.bytes.length;
  }

  /** Makes room for `sizeBytes` more. */
  reserve(sizeBytes: number): void {
    if (this.length + sizeBytes + SLACK > this.bytes.length) this.#grow(sizeBytes);
  }

  /** Nothing goes before the data. */
  writePrefix(_out: ByteColumn): void {}

  write(out: ByteColumn): void {
    out.raw(this.take());
  }

  /** Takes back what came after so many bytes. */
  truncate(length: number): void {
    this.length = length;
  }

  /** Empties the column and keeps its memory. */
  clear(): void {
    this.length = 0;
  }

  /** An unsigned LEB128 integer, as lengths are written. */
  varUint(value: number): void {
    this.reserve(MAX_VAR_UINT_BYTES);
    let rest = value;
    while (rest > 0x7f) {
      this.bytes[this.length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.bytes[this.length++] = rest;
  }

  /** A text that stands encoded in `from`; returns whether it is ASCII. */
  textFrom(from: DataView, at: number, sizeBytes: number): boolean {
    this.reserve(sizeBytes + 5);
    if (sizeBytes < 0x80) this.bytes[this.length++] = sizeBytes;
    else this.varUint(sizeBytes);
    const { view, length } = this;
    let seen = 0;
    let done = 0;
    for (; done + 4 <= sizeBytes; done += 4) {
      const word = from.getInt32(at + done);
      seen |= word;
      view.setInt32(length + done, word);
    }
    for (; done < sizeBytes; done += 1) {
      const byte = from.getUint8(at + done);
      seen |= byte;
      view.setUint8(length + done, byte);
    }
    this.length = length + sizeBytes;
    return (seen & 0x8080_8080) === 0;
  }

  /** A text that is written the same way again and again: its length and bytes, made by `encodeText`. */
  raw(encoded: Uint8Array): void {
    const sizeBytes = encoded.length;
    this.reserve(sizeBytes);
    const { bytes, length } = this;
    if (sizeBytes > MAX_LOOPED_BYTES) bytes.set(encoded, length);
    else for (let index = 0; index < sizeBytes; index += 1) bytes[length + index] = encoded[index] ?? 0;
    this.length = length + sizeBytes;
  }

  /** An ASCII text, such as a number's. */
  asciiText(text: string): void {
    const sizeBytes = text.length;
    this.reserve(sizeBytes + 5);
    this.varUint(sizeBytes);
    for (let index = 0; index < sizeBytes; index += 1) this.bytes[this.length++] = text.charCodeAt(index);
  }

  /** A whole number from 0 to 2^31 as a text. */
  digitsText(value: number): void {
    let digits = 1;
    for (let bound = 10; bound <= value; bound *= 10) digits += 1;
    this.reserve(digits + 1);
    this.bytes[this.length] = digits;
    let rest = value;
    for (let at = this.length + digits; at > this.length; at -= 1) {
      const tens = (rest / 10) | 0;
      this.bytes[at] = 0x30 + rest - tens * 10;
      rest = tens;
    }
    this.length += digits + 1;
  }

  emptyText(): void {
    this.reserve(1);
    this.bytes[this.length++] = 0;
  }

  /** Bytes as a text of lower-case hexadecimal digits. */
  hexText(from: DataView, at: number, sizeBytes: number): void {
    this.reserve(2 * sizeBytes + 5);
    if (2 * sizeBytes < 0x80) this.bytes[this.length++] = 2 * sizeBytes;
    else this.varUint(2 * sizeBytes);
    const { view, length } = this;
    let index = 0;
    for (; index + 2 <= sizeBytes; index += 2) {
      const pair = from.getUint16(at + index);
      view.setUint32(length + 2 * index, ((HEX_DIGITS[pair >> 8] ?? 0) << 16) | (HEX_DIGITS[pair & 0xff] ?? 0));
    }
    if (index < sizeBytes) view.setUint16(length + 2 * index, HEX_DIGITS[from.getUint8(at + index)] ?? 0);
    this.length = length + 2 * sizeBytes;
  }

  /** Eight bytes as they stand: a little-endian integer, or half an id. */
  eightBytes(from: DataView, at: number): void {
    this.reserve(8);
    this.view.setInt32(this.length, from.getInt32(at));
    this.view.setInt32(this.length + 4, from.getInt32(at + 4));
    this.length += 8;
  }

  uint8(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  uint32(value: number): void {
    this.reserve(4);
    this.view.setUint32(this.length, value, true);
    this.length += 4;
  }

  /** A whole number from 0 to 2^53. */
  uint64(value: number): void {
    this.reserve(8);
    const { view, length } = this;
    view.setUint32(length, value >>> 0, true);
    view.setUint32(length + 4, value < TWO_TO_32 ? 0 : Math.floor(value / TWO_TO_32), true);
    this.length = length + 8;
  }

  /** The bytes written so far; valid until the next write. */
  take(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  #grow(sizeBytes: number): void {
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + sizeBytes + SLACK));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }
}

/** A text as ClickHouse writes it: length, then UTF-8. */
export function encodeText(text: string): Uint8Array {
  const bytes = Buffer.from(text, "utf8");
  const column = new ByteColumn(bytes.length + MAX_VAR_UINT_BYTES);
  column.varUint(bytes.length);
  column.raw(bytes);
  return column.take().slice();
}

/** Two digits for each byte, as one big-endian 16-bit number. */
function hexDigits(): Uint16Array {
  return Uint16Array.from({ length: 256 }, (_, byte) => {
    const digits = byte.toString(16).padStart(2, "0");
    return (digits.charCodeAt(0) << 8) | digits.charCodeAt(1);
  });
}
