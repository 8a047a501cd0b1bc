import { isUtf8 } from "node:buffer";
import { type ByteColumn, encodeText } from "@spancost/clickhouse";
import { toText } from "../pipeline/to-text.ts";
import { ByteTable, type KnownBytes } from "./byte-table.ts";
import { decodeText } from "./decode-text.ts";
import { readInteger, readValue } from "./read-value.ts";
import { VALUE } from "./value-types.ts";
import type { WireReader } from "./wire-reader.ts";

interface RenderedValue extends KnownBytes {
  readonly encoded: Uint8Array;
}

/** Where an `AnyValue` stands, and the text that is stored for it. */
export interface ComposedValue {
  readonly at: number;
  readonly end: number;
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

  /** Renders the `AnyValue` at the reader's place. */
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

/** Writes the value of an attribute as a text. `at` and `size` are as a scan has them. */
export function writeValue(
  column: ByteColumn,
  reader: WireReader,
  composed: readonly ComposedValue[],
  type: number,
  at: number,
  size: number,
): void {
  if (type === VALUE.text) writeText(column, reader.view, at, size);
  else if (type === VALUE.integer) writeInteger(column, reader, at, size);
  else if (type === VALUE.truth) column.raw(TRUTHS[size === 0 ? 0 : 1]);
  else if (type === VALUE.double) column.asciiText(String(reader.view.getFloat64(at, true)));
  else if (type === VALUE.composed) column.raw(composed[at]?.encoded ?? TRUTHS[0]);
  else column.emptyText();
}

/** Writes a text as it stands; what is no UTF-8 in it becomes U+FFFD, as the cold path has it. */
export function writeText(column: ByteColumn, view: DataView, at: number, size: number): void {
  const start = column.length;
  if (column.textFrom(view, at, size)) return;
  const bytes = new Uint8Array(view.buffer, view.byteOffset + at, size);
  if (isUtf8(bytes)) return;
  column.length = start;
  column.raw(encodeText(decodeText(bytes)));
}

function writeInteger(column: ByteColumn, reader: WireReader, at: number, size: number): void {
  reader.at = at;
  if (size <= SMALL_BYTES) column.digitsText(reader.small());
  else column.asciiText(String(readInteger(reader)));
}
