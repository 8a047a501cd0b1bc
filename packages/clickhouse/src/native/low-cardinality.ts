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

/** Texts that are added together again and again: the column that took them last finds them by their places. */
export class TextSequence {
  readonly texts: readonly NumberedText[];
  readonly places: Uint32Array;
  column: LowCardinalityColumn | undefined;
  generation = 0;

  constructor(texts: readonly NumberedText[]) {
    this.texts = texts;
    this.places = new Uint32Array(texts.length);
  }
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
  /** Counts dictionaries: places in one mean nothing in the next. */
  #generation = 0;

  get length(): number {
    return this.#length;
  }

  /** At most so many bytes are written. */
  get sizeBytes(): number {
    return this.#keys.length + 4 * this.#length + PREFIX_BYTES;
  }

  get capacityBytes(): number {
    return this.#keys.capacityBytes + this.#places.byteLength + this.#rows.byteLength;
  }

  /** Adds a row. */
  push(text: NumberedText): void {
    const { id } = text;
    const place = id < this.#places.length ? (this.#places[id] ?? 0) : 0;
    if (this.#length === this.#rows.length) this.#rows = grow(this.#rows, this.#length + 1);
    this.#rows[this.#length++] = place === 0 ? this.#add(text) : place - 1;
  }

  /** Adds a row for each text of a sequence. */
  pushAll(sequence: TextSequence): void {
    const { texts, places } = sequence;
    const { length } = this;
    if (sequence.column === this && sequence.generation === this.#generation) {
      if (length + places.length > this.#rows.length) this.#rows = grow(this.#rows, length + places.length);
      const rows = this.#rows;
      for (let index = 0; index < places.length; index += 1) rows[length + index] = places[index] ?? 0;
      this.#length = length + places.length;
      return;
    }
    for (const text of texts) this.push(text);
    for (let index = 0; index < places.length; index += 1) places[index] = this.#rows[length + index] ?? 0;
    sequence.column = this;
    sequence.generation = this.#generation;
  }

  /** What goes before the data, and before the offsets of arrays around it. */
  writePrefix(out: ByteColumn): void {
    out.uint64(DICTIONARY_WITH_COLUMN);
  }

  /** Dictionary and rows; nothing where there are no rows. */
  write(out: ByteColumn): void {
    writeRows(out, this.#keys, this.#keyCount, this.#rows, this.#length);
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
    this.#generation += 1;
  }

  #add({ id, encoded }: NumberedText): number {
    if (id >= this.#places.length) this.#places = grow(this.#places, id + 1);
    this.#keys.raw(encoded);
    this.#used.push(id);
    this.#places[id] = ++this.#keyCount;
    return this.#keyCount - 1;
  }
}

/** A whole column of rows of which each has one of a few texts: `sources` says which, by its place in `texts`. */
export function writeFewTexts(
  out: ByteColumn,
  texts: readonly NumberedText[],
  sources: Uint32Array,
  rows: number,
): void {
  out.uint64(DICTIONARY_WITH_COLUMN);
  const keys = new ByteColumn();
  const places = new Map<number, number>();
  const placeOf = Uint32Array.from(texts, ({ id, encoded }) => {
    let place = places.get(id);
    if (place === undefined) {
      places.set(id, (place = places.size));
      keys.raw(encoded);
    }
    return place;
  });
  if (places.size > 0x100) {
    writeRows(
      out,
      keys,
      places.size,
      Uint32Array.from({ length: rows }, (_, row) => placeOf[sources[row] ?? 0] ?? 0),
      rows,
    );
    return;
  }
  writeHead(out, keys, places.size, rows, 0);
  out.reserve(rows);
  const { bytes, length } = out;
  out.length += rows;
  for (let row = 0; row < rows; row += 1) bytes[length + row] = placeOf[sources[row] ?? 0] ?? 0;
}

function writeRows(out: ByteColumn, keys: ByteColumn, keyCount: number, places: Uint32Array, rows: number): void {
  if (rows === 0) return;
  const width = keyCount <= 0x100 ? 0 : keyCount <= 0x1_0000 ? 1 : 2;
  writeHead(out, keys, keyCount, rows, width);
  out.reserve(rows << width);
  const { bytes, view } = out;
  let at = out.length;
  out.length += rows << width;
  if (width === 0) for (let row = 0; row < rows; row += 1) bytes[at++] = places[row] ?? 0;
  else if (width === 1) for (let row = 0; row < rows; row += 1, at += 2) view.setUint16(at, places[row] ?? 0, true);
  else for (let row = 0; row < rows; row += 1, at += 4) view.setUint32(at, places[row] ?? 0, true);
}

/** What goes before the rows; `width`: 0 for one byte a row, 1 for two, 2 for four. */
function writeHead(out: ByteColumn, keys: ByteColumn, keyCount: number, rows: number, width: number): void {
  out.uint64(width | HAS_KEYS | IS_WHOLE_DICTIONARY);
  out.uint64(keyCount);
  out.raw(keys.take());
  out.uint64(rows);
}

function grow(table: Uint32Array, length: number): Uint32Array<ArrayBuffer> {
  const grown = new Uint32Array(Math.max(table.length * 2, length));
  grown.set(table);
  return grown;
}
