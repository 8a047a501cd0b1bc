import type { BlockWriter } from "./block-writer.ts";

/** How a column's values are written in the Native format. */
export interface ColumnType<T> {
  /** ClickHouse's name of the type. */
  readonly name: string;
  /** Written for NULL under `nullable`. */
  readonly zero: T;
  write(writer: BlockWriter, values: readonly T[]): void;
}

function scalar<T>(name: string, zero: T, writeOne: (writer: BlockWriter, value: T) => void): ColumnType<T> {
  return {
    name,
    zero,
    write(writer, values) {
      for (const value of values) writeOne(writer, value);
    },
  };
}

export const STRING = scalar<string>("String", "", (writer, value) => writer.string(value));
export const BOOL = scalar<boolean>("Bool", false, (writer, value) => writer.uint8(value ? 1 : 0));
export const UINT32 = scalar<number>("UInt32", 0, (writer, value) => writer.uint32(value));
export const UINT64 = scalar<bigint>("UInt64", 0n, (writer, value) => writer.uint64(value));
/** Seconds since 1970. */
export const DATE_TIME = scalar<number>("DateTime('UTC')", 0, (writer, value) => writer.uint32(value));
/** Nanoseconds since 1970. */
export const DATE_TIME_64 = scalar<bigint>("DateTime64(9, 'UTC')", 0n, (writer, value) => writer.int64(value));
/** Picodollars, or any integer of 1e-12 units. */
export const DECIMAL_38_12 = scalar<bigint>("Decimal(38, 12)", 0n, (writer, value) => writer.int128(value));

/** Billionths, such as seconds with nine decimals. */
export const DECIMAL_18_9 = scalar<bigint>("Decimal(18, 9)", 0n, (writer, value) => writer.int64(value));

/** Raw bytes of one size, such as ids. */
export function fixedString(size: number): ColumnType<Uint8Array> {
  return scalar(`FixedString(${size})`, new Uint8Array(size), (writer, value) => writer.fixedBytes(value, size));
}

/** Values of which some are NULL. */
export function nullable<T>(inner: ColumnType<T>): ColumnType<T | null> {
  return {
    name: `Nullable(${inner.name})`,
    zero: null,
    write(writer, values) {
      for (const value of values) writer.uint8(value === null ? 1 : 0);
      inner.write(
        writer,
        values.map((value) => value ?? inner.zero),
      );
    },
  };
}

/** Lists. */
export function array<T>(inner: ColumnType<T>): ColumnType<readonly T[]> {
  return {
    name: `Array(${inner.name})`,
    zero: [],
    write(writer, values) {
      writeOffsets(
        writer,
        values.map((list) => list.length),
      );
      inner.write(
        writer,
        values.flatMap((list) => list),
      );
    },
  };
}

/** Maps of text to text. */
export const STRING_MAP: ColumnType<readonly (readonly [key: string, value: string])[]> = {
  name: "Map(String, String)",
  zero: [],
  write(writer, values) {
    writeOffsets(
      writer,
      values.map((entries) => entries.length),
    );
    for (const entries of values) for (const [key] of entries) writer.string(key);
    for (const entries of values) for (const [, value] of entries) writer.string(value);
  },
};

function writeOffsets(writer: BlockWriter, lengths: readonly number[]): void {
  let end = 0;
  for (const length of lengths) {
    end += length;
    writer.uint64(BigInt(end));
  }
}
