import { ByteColumn } from "./byte-column.ts";
import { LowCardinalityColumn, type NumberedText } from "./low-cardinality.ts";

/** ClickHouse's type of attributes. */
export const ATTRIBUTES_TYPE = "Map(LowCardinality(String), String)";

/** A `Map(LowCardinality(String), String)` under construction: entries are added, then the row is ended. */
export class MapColumn {
  /** The values of all entries: write one after each `key`. */
  readonly values = new ByteColumn();
  readonly #keys = new LowCardinalityColumn();
  readonly #offsets = new ByteColumn();

  key(key: NumberedText): void {
    this.#keys.push(key);
  }

  endRow(): void {
    this.#offsets.uint64(this.#keys.length);
  }

  writePrefix(out: ByteColumn): void {
    this.#keys.writePrefix(out);
  }

  write(out: ByteColumn): void {
    out.raw(this.#offsets.take());
    this.#keys.write(out);
    out.raw(this.values.take());
  }

  clear(): void {
    this.values.clear();
    this.#keys.clear();
    this.#offsets.clear();
  }
}
