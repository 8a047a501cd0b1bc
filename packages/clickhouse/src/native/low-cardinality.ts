import { ByteColumn } from "./byte-column.ts";

/** Written before the data of a column: its dictionary stands with it. @see ClickHouse, SerializationLowCardinality, KeysSerializationVersion */
const DICTIONARY_WITH_COLUMN = 1;
/** Flags beside the width of the indexes: the block brings all its keys. */
const HAS_KEYS = 0x200;
const IS_WHOLE_DICTIONARY = 0x400;
const INITIAL_ROWS = 1_024;
/** Four 64-bit numbers go before keys and rows. */
const PREFIX_BYTES = 32;

/** A value with a number of its own, by which a column finds it again. Numbers count from 0 and are few. */
export interface NumberedText {
  readonly id: number;
  /** Made by `encodeText`. */
  readonly encoded: Uint8Array;
}

/**
 * A `LowCardinality(String)`, alone or inside an array or a map, under construction: each value is written once, rows hold its place.
 * The database hashes what is in the dictionary, and no row.
 */
export class LowCardinalityColumn {
  readonly #keys = new ByteColumn();
  #keyCount = 0;
  /** Place in the dictionary by the value's number, plus one; 0 where it is not there. */
  #places = new Uint32Array(64);
  #used: number[] = [];
  #rows = new Uint32Array(INITIAL_ROWS);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** At most so many bytes are written. */
  get sizeBytes(): number {
    return this.#keys.length + 4 * this.#length + PREFIX_BYTES;
  }

  /** Adds a row. */
  push(text: NumberedText): void {
    const { id } = text;
    const place = id < this.#places.length ? (this.#places[id] ?? 0) : 0;
    if (this.#length === this.#rows.length) this.#rows = grow(this.#rows, this.#length + 1);
    this.#rows[this.#length++] = place === 0 ? this.#add(text) : place - 1;
  }

  /** Adds a row each. */
  pushAll(texts: readonly NumberedText[]): void {
    for (let index = 0; index < texts.length; index += 1) {
      const text = texts[index];
      if (text !== undefined) this.push(text);
    }
  }

  /** What goes before the data, and before the offsets of arrays around it. */
  writePrefix(out: ByteColumn): void {
    out.uint64(DICTIONARY_WITH_COLUMN);
  }

  /** Dictionary and rows; nothing where there are no rows. */
  write(out: ByteColumn): void {
    const rows = this.#length;
    if (rows === 0) return;
    const width = this.#keyCount <= 0x100 ? 0 : this.#keyCount <= 0x1_0000 ? 1 : 2;
    out.uint64(width | HAS_KEYS | IS_WHOLE_DICTIONARY);
    out.uint64(this.#keyCount);
    out.raw(this.#keys.take());
    out.uint64(rows);
    out.reserve(rows << width);
    const { bytes, view } = out;
    const places = this.#rows;
    let at = out.length;
    if (width === 0) for (let row = 0; row < rows; row += 1) bytes[at++] = places[row] ?? 0;
    else if (width === 1) for (let row = 0; row < rows; row += 1, at += 2) view.setUint16(at, places[row] ?? 0, true);
    else for (let row = 0; row < rows; row += 1, at += 4) view.setUint32(at, places[row] ?? 0, true);
    out.length = at;
  }

  /** Takes rows back; what is in the dictionary stays. */
  truncate(length: number): void {
    this.#length = length;
  }

  clear(): void {
    for (const id of this.#used) this.#places[id] = 0;
    this.#used = [];
    this.#keys.clear();
    this.#keyCount = 0;
    this.#length = 0;
  }

  #add({ id, encoded }: NumberedText): number {
    if (id >= this.#places.length) this.#places = grow(this.#places, id + 1);
    this.#keys.raw(encoded);
    this.#used.push(id);
    this.#places[id] = ++this.#keyCount;
    return this.#keyCount - 1;
  }
}

function grow(table: Uint32Array, length: number): Uint32Array<ArrayBuffer> {
  const grown = new Uint32Array(Math.max(table.length * 2, length));
  grown.set(table);
  return grown;
}
