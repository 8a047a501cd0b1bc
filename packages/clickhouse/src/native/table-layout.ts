import { BlockWriter } from "./block-writer.ts";
import type { ColumnType } from "./column-types.ts";

/** One column of a table as inserts write it. */
export interface Column<Row> {
  readonly name: string;
  write(writer: BlockWriter, rows: readonly Row[]): void;
}

/** A table and the columns that an insert writes. */
export interface TableLayout<Row> {
  /** Qualified name. */
  readonly table: string;
  readonly columns: readonly Column<Row>[];
}

/** A column of a type, read from a row by `read`. */
export function column<Row, T>(name: string, type: ColumnType<T>, read: (row: Row) => T): Column<Row> {
  return {
    name,
    write(writer, rows) {
      writer.string(name);
      writer.string(type.name);
      type.write(writer, rows.map(read));
    },
  };
}

/** The INSERT statement that takes blocks of this layout. */
export function insertStatement<Row>(layout: TableLayout<Row>): string {
  return `INSERT INTO ${layout.table} (${layout.columns.map(({ name }) => `\`${name}\``).join(", ")}) FORMAT Native`;
}

/** Encodes rows as one block of ClickHouse's Native format (revision 0). @see https://clickhouse.com/docs/interfaces/formats/Native */
export function encodeBlock<Row>(layout: TableLayout<Row>, rows: readonly Row[]): Buffer {
  const writer = new BlockWriter();
  writer.varUint(layout.columns.length);
  writer.varUint(rows.length);
  for (const each of layout.columns) each.write(writer, rows);
  return writer.take();
}
