import type { ByteColumn } from "./byte-column.ts";
import { LowCardinalityColumn, type NumberedText, type TextSequence } from "./low-cardinality.ts";
import { OffsetsColumn } from "./offsets-column.ts";

/** ClickHouse's type of attributes. */
export const ATTRIBUTES_TYPE = "Map(LowCardinality(String), String)";

/** The type in which attributes are written that come again and again; the database makes the other of it. */
export const REPEATED_ATTRIBUTES_TYPE = "Map(LowCardinality(String), LowCardinality(String))";

/** Lengths of a map's parts. */
export interface MapMark {
  readonly values: number;
  readonly keys: number;
  readonly offsets: number;
}

/**
 * A map under construction, whose keys are `LowCardinality(String)`: entries are added, then the row is ended. Values are of either type:
 * `String`, or where they come again and again `LowCardinality(String)`.
 */
export class MapColumn<Values extends ByteColumn | LowCardinalityColumn> {
  /** The values of all entries: write one after each `key`. */
  readonly values: Values;
  readonly #keys = new LowCardinalityColumn();
  readonly #offsets = new OffsetsColumn();

  constructor(values: Values) {
    this.values = values;
  }

  /** At most so many bytes are written. */
  get sizeBytes(): number {
    return this.values.sizeBytes + this.#keys.sizeBytes + this.#offsets.sizeBytes;
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

  endRow(): void {
    this.#offsets.push(this.#keys.length);
  }

  writePrefix(out: ByteColumn): void {
    this.#keys.writePrefix(out);
    this.values.writePrefix(out);
  }

  write(out: ByteColumn): void {
    this.#offsets.write(out);
    this.#keys.write(out);
    this.values.write(out);
  }

  /** How much there is, for `truncate`. */
  mark(): MapMark {
    return { values: this.values.length, keys: this.#keys.length, offsets: this.#offsets.length };
  }

  /** Takes back what came after a mark. */
  truncate({ values, keys, offsets }: MapMark): void {
    this.values.truncate(values);
    this.#keys.truncate(keys);
    this.#offsets.truncate(offsets);
  }

  clear(): void {
    this.values.clear();
    this.#keys.clear();
    this.#offsets.clear();
  }
}
