import { isDeepStrictEqual } from "node:util";
import type { DefaultColumn } from "./ledger-defaults.ts";
import { NativeCursor } from "./native-cursor.ts";
import { parseType } from "./native-types.ts";

/** Rows of blocks in ClickHouse's Native format, as plain values. */
export interface NativeRows {
  /** Types by the names of columns, in the order of the block. */
  readonly columns: Readonly<Record<string, string>>;
  /**
   * Values by the names of columns: texts, numbers, truth values, `null` and lists as such; 64-bit integers, times and decimals as
   * bigints of their smallest unit; FixedString as hexadecimal digits; a Map as a list of entries in the order of their keys.
   */
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

/**
 * Reads one or more blocks of ClickHouse's Native format (revision 0) to their last byte.
 * @param defaults what a block may leave out
 * @throws Error when they are no such blocks, or have different columns
 * @see https://clickhouse.com/docs/interfaces/formats/Native
 */
export function readNativeBlocks(bytes: Uint8Array, defaults: readonly DefaultColumn[] = []): NativeRows {
  const cursor = new NativeCursor(bytes);
  let columns: Record<string, string> | undefined;
  const rows: Record<string, unknown>[] = [];
  while (!cursor.isAtEnd) {
    const block = complete(readBlock(cursor), defaults);
    if (columns !== undefined && !isDeepStrictEqual(plainTypes(columns), plainTypes(block.columns)))
      throw cursor.fault("a block has other columns than the one before");
    columns ??= block.columns;
    rows.push(...block.rows);
  }
  return { columns: columns ?? {}, rows };
}

function readBlock(cursor: NativeCursor) {
  const columnCount = cursor.varUint();
  const rowCount = cursor.varUint();
  const columns: Record<string, string> = {};
  const rows: Record<string, unknown>[] = [];
  for (let column = 0; column < columnCount; column += 1) {
    const name = cursor.text();
    const type = cursor.text();
    columns[name] = type;
    // A column of no rows has not even a prefix.
    const values = rowCount === 0 ? [] : readColumn(cursor, type, rowCount);
    for (const [index, value] of values.entries()) (rows[index] ??= {})[name] = value;
  }
  return { columns, rows };
}

function complete({ columns, rows }: ReturnType<typeof readBlock>, defaults: readonly DefaultColumn[]) {
  for (const { name, type, value } of defaults) {
    if (columns[name] !== undefined) continue;
    columns[name] = type;
    for (const row of rows) row[name] = value(row);
  }
  return { columns, rows };
}

function readColumn(cursor: NativeCursor, typeName: string, rowCount: number): unknown[] {
  const type = parseType(typeName);
  type.readPrefix(cursor);
  return type.readValues(cursor, rowCount);
}

/**
 * The first difference between two results, for people; `null` when there is none. The order of rows makes no difference, nor how texts
 * are stored and where times are shown.
 */
export function findDifference(left: NativeRows, right: NativeRows): string | null {
  if (left.rows.length !== right.rows.length) return `${left.rows.length} rows against ${right.rows.length}`;
  if (left.rows.length === 0) return null;
  const [leftTypes, rightTypes] = [left, right].map(({ columns }) => plainTypes(columns));
  if (!isDeepStrictEqual(leftTypes, rightTypes))
    return `columns ${JSON.stringify(leftTypes)} against ${JSON.stringify(rightTypes)}`;
  const names = Object.keys(left.columns);
  return (
    findRowDifference(left.rows, right.rows) && findRowDifference(inOrder(left.rows, names), inOrder(right.rows, names))
  );
}

function findRowDifference(left: NativeRows["rows"], right: NativeRows["rows"]): string | null {
  for (const [index, row] of left.entries()) {
    const other = right[index] ?? {};
    if (isDeepStrictEqual(row, other)) continue;
    const name = Object.keys(row).find((each) => !isDeepStrictEqual(row[each], other[each])) ?? "";
    return `row ${index}, ${name}: ${show(row[name])} against ${show(other[name])}`;
  }
  return null;
}

/**
 * Rows in the order of their contents, which begin with ids or times, so that rows of one span stand in one place. The columns are taken
 * in one order, whichever they have in the row's block.
 */
function inOrder(rows: NativeRows["rows"], names: readonly string[]): NativeRows["rows"] {
  const keyed = rows.map((row) => ({ row, key: show(names.map((name) => row[name])) }));
  return keyed.sort((left, right) => (left.key < right.key ? -1 : 1)).map(({ row }) => row);
}

const plainTypesByColumns = new Map<string, unknown>();

/** Columns with the types that matter; the same few come again and again. */
function plainTypes(columns: NativeRows["columns"]): unknown {
  const key = JSON.stringify(columns);
  const known = plainTypesByColumns.get(key) ?? createPlainTypes(columns);
  plainTypesByColumns.set(key, known);
  return known;
}

function createPlainTypes(columns: NativeRows["columns"]): [name: string, type: string][] {
  const types = Object.entries(columns).map(([name, type]): [name: string, type: string] => [
    name,
    type.replaceAll("LowCardinality(String)", "String").replaceAll("DateTime('UTC')", "DateTime"),
  ]);
  return types.sort(([left], [right]) => (left < right ? -1 : 1));
}

function show(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? `${part}n` : part)) ?? String(value);
}
