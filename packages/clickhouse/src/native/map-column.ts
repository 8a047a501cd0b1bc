import { ByteColumn } from "./byte-column.ts";
import { LowCardinalityColumn, type NumberedText, type TextSequence } from "./low-cardinality.ts";
import { OffsetsColumn } from "./offsets-column.ts";

/** ClickHouse's type of attributes. */
export const ATTRIBUTES_TYPE = "Map(LowCardinality(String), String)";

/** Lengths of a map's parts. */
export interface MapMark {
  readonly values: number;
  readonly keys: number;
  readonly offsets: number;
}

/** A `Map(LowCardinality(String), String)` under construction: entries are added, then the row is ended. */
export class MapColumn {
  /** The values of all entries: write one after each `key`. */
  readonly values = new ByteColumn();
  readonly #keys = new LowCardinalityColumn();
  readonly #offsets = new OffsetsColumn();

  /** At most so many bytes are written. */
  get sizeBytes(): number {
    return this.values.length + this.#keys.sizeBytes + this.#offsets.sizeBytes;
  }

  key(key: NumberedText): void {
    this.#keys.push(key);
  }

  get capacityBytes(): number {
    return this.values.capacityBytes + this.#keys.capacityBytes + this.#offsets.capacityBytes;
  }

  /** Keys of values that were written. */
  addKeys(keys: TextSequence): void {
    this.#keys.pushAll(keys);
  }

  /** A row whose keys, and values one after the other as a column has them, are known. */
  addRow(keys: TextSequence, values: Float64Array, valuesSize: number): void {
    this.#keys.pushAll(keys);
    this.values.copyWords(values, valuesSize);
    this.endRow();
  }

  endRow(): void {
    this.#offsets.push(this.#keys.length);
  }

  writePrefix(out: ByteColumn): void {
    this.#keys.writePrefix(out);
  }

  write(out: ByteColumn): void {
    this.#offsets.write(out);
    this.#keys.write(out);
    out.raw(this.values.take());
  }

  /** How much there is, for `truncate`. */
  mark(): MapMark {
    return { values: this.values.length, keys: this.#keys.length, offsets: this.#offsets.length };
  }

  /** Takes back what came after a mark. */
  truncate({ values, keys, offsets }: MapMark): void {
    this.values.length = values;
    this.#keys.truncate(keys);
    this.#offsets.length = offsets;
  }

  clear(): void {
    this.values.clear();
    this.#keys.clear();
    this.#offsets.clear();
  }
}
