import { isUtf8 } from "node:buffer";
import { type ByteColumn, encodeText } from "@spancost/clickhouse";
import { toText } from "../../pipeline/to-text.ts";
import { ByteTable, type KnownBytes } from "../known/byte-table.ts";
import { decodeText } from "../known/decode-text.ts";
import { readInteger, readValue } from "./read-value.ts";
import { readVarint, type WireReader } from "./wire-reader.ts";

/** What an attribute's value is; lists, maps and bytes are composed. */
export const VALUE = { none: 0, text: 1, truth: 2, integer: 3, double: 4, composed: 5 } as const;

interface RenderedValue extends KnownBytes {
  readonly encoded: Uint8Array;
}

/** Short lists such as finish reasons come again and again. */
const RENDERED = { entries: 5_000, sizeBytes: 256 };
const TRUTHS = [encodeText("false"), encodeText("true")] as const;
/** Varints of so many bytes are below 2^28, and none is negative. */
const SMALL_BYTES = 4;

/**
 * A list, a map or bytes as the text that is stored.
 * @throws NOT_UNDERSTOOD, or RangeError, for an encoding out of the ordinary
 */
export class ComposedValues {
  readonly #rendered = new ByteTable<RenderedValue>(RENDERED, (known) => ({ ...known, encoded: this.#render() }));
  #reader: WireReader | undefined;
  #end = 0;

  /** Renders the `AnyValue` from the reader's place to `end`. */
  render(reader: WireReader, end: number): Uint8Array {
    const start = reader.at;
    [this.#reader, this.#end] = [reader, end];
    const known = this.#rendered.find(reader.view, start, end - start);
    if (known === undefined) return this.#render();
    reader.at = end;
    return known.encoded;
  }

  #render(): Uint8Array {
    return this.#reader === undefined ? TRUTHS[0] : encodeText(toText(readValue(this.#reader, this.#end)));
  }
}

/** Writes a text as it stands; what is no UTF-8 in it becomes U+FFFD, as the cold path has it. @returns whether it is ASCII */
export function writeText(column: ByteColumn, view: DataView, at: number, size: number): boolean {
  const start = column.length;
  if (column.textFrom(view, at, size)) return true;
  const bytes = new Uint8Array(view.buffer, view.byteOffset + at, size);
  if (isUtf8(bytes)) return false;
  column.length = start;
  column.raw(encodeText(decodeText(bytes)));
  return false;
}

const SPACE = 0x20;

/** Whether an ASCII text is short, and has nothing to be trimmed off, so that it can be passed on as it stands. */
export function isPlainAscii(view: DataView, at: number, size: number, maxBytes: number): boolean {
  return size > 0 && size <= maxBytes && view.getUint8(at) > SPACE && view.getUint8(at + size - 1) > SPACE;
}

/** Writes `true` for 1, `false` for 0. */
export function writeTruth(column: ByteColumn, truth: number): void {
  column.raw(truth === 0 ? TRUTHS[0] : TRUTHS[1]);
}

/** Writes a varint of `size` bytes as decimal digits. */
export function writeInteger(column: ByteColumn, reader: WireReader, at: number, size: number): void {
  if (size <= SMALL_BYTES) {
    column.digitsText(readVarint(reader.view, at, size));
    return;
  }
  reader.at = at;
  column.asciiText(String(readInteger(reader)));
}

/** A varint of exactly `size` bytes, at most four; -1 where another one stands. */
export function readSmall(view: DataView, at: number, size: number): number {
  let value = 0;
  for (let index = 0; index < size; index += 1) {
    const byte = view.getUint8(at + index);
    value |= (byte & 0x7f) << (7 * index);
    if (byte >= 0x80 !== index < size - 1) return -1;
  }
  return value;
}
