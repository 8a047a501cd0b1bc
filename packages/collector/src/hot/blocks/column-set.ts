import {
  type ByteColumn,
  encodeText,
  type LowCardinalityColumn,
  MapColumn,
  type MapMark,
  type OffsetsColumn,
} from "@spancost/clickhouse";

/** A column of a block under construction. */
export type BlockColumn = DataColumn | OffsetsColumn;

/** A column of which something may go before the data, and before the offsets of arrays around it. */
type DataColumn = ByteColumn | LowCardinalityColumn | MapColumn<ByteColumn | LowCardinalityColumn>;

/** A column as it is written: its name, its type in ClickHouse, and its data. */
export type WrittenColumn = readonly [name: string, type: string, write: (out: ByteColumn) => void];

/** Columns of one block, with what is done to all of them. */
export class ColumnSet {
  readonly #columns: readonly BlockColumn[];
  #marks: (number | MapMark)[] = [];

  constructor(columns: readonly BlockColumn[]) {
    this.#columns = columns;
  }

  /** About how many bytes are written. */
  get sizeBytes(): number {
    return this.#columns.reduce((sum, column) => sum + column.sizeBytes, 0);
  }

  /** Memory that the columns hold. */
  get capacityBytes(): number {
    return this.#columns.reduce((sum, column) => sum + column.capacityBytes, 0);
  }

  /** Remembers how long the columns are. */
  mark(): void {
    const marks = this.#marks;
    let index = 0;
    for (const column of this.#columns) marks[index++] = column instanceof MapColumn ? column.mark() : column.length;
  }

  /** Takes back what came after the mark. */
  rollBack(): void {
    this.#columns.forEach((column, index) => {
      const mark = this.#marks[index];
      if (column instanceof MapColumn) {
        if (typeof mark === "object") column.truncate(mark);
      } else if (typeof mark === "number") column.truncate(mark);
    });
  }

  clear(): void {
    for (const column of this.#columns) column.clear();
  }
}

/** Writes a block of ClickHouse's Native format (revision 0). @see https://clickhouse.com/docs/interfaces/formats/Native */
export function writeBlock(out: ByteColumn, columns: readonly WrittenColumn[], rows: number, sizeBytes: number): void {
  out.clear();
  out.reserve(sizeBytes);
  out.varUint(columns.length);
  out.varUint(rows);
  for (const [name, type, write] of columns) {
    out.raw(encodeOnce(name));
    out.raw(encodeOnce(type));
    write(out);
  }
}

/** Names and types of columns, as they are written with each block. */
const encodedTexts = new Map<string, Uint8Array>();

function encodeOnce(text: string): Uint8Array {
  let encoded = encodedTexts.get(text);
  if (encoded === undefined) encodedTexts.set(text, (encoded = encodeText(text)));
  return encoded;
}

/** Writes a column as it is. */
export function writeColumn(column: DataColumn): (out: ByteColumn) => void {
  return (out) => {
    column.writePrefix(out);
    column.write(out);
  };
}

/** Writes an array: where each row's values end, then all values. */
export function writeArray(offsets: OffsetsColumn, column: DataColumn): (out: ByteColumn) => void {
  return (out) => {
    column.writePrefix(out);
    offsets.write(out);
    column.write(out);
  };
}
