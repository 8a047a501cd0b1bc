import type { NativeCursor } from "./native-cursor.ts";

/** How a type's values stand in a column. */
export interface NativeType {
  /** Reads what stands before a column's data, once a column of a block. */
  readPrefix(cursor: NativeCursor): void;
  readValues(cursor: NativeCursor, count: number): unknown[];
}

const DICTIONARY_WITH_COLUMN = 1n;
const NO_FLAGS_BUT_WHOLE_DICTIONARY = 0x600n;
const INDEX_WIDTHS = [
  (cursor: NativeCursor) => cursor.uint8(),
  (cursor: NativeCursor) => cursor.uint16(),
  (cursor: NativeCursor) => cursor.uint32(),
];

const SCALARS: Readonly<Record<string, NativeType>> = {
  String: scalar((cursor) => cursor.text()),
  Bool: scalar((cursor) => toBoolean(cursor)),
  UInt8: scalar((cursor) => cursor.uint8()),
  UInt32: scalar((cursor) => cursor.uint32()),
  UInt64: scalar((cursor) => cursor.uint64()),
  // What the engine writes for a client that is told of no time zones.
  DateTime: scalar((cursor) => cursor.uint32()),
  "DateTime('UTC')": scalar((cursor) => cursor.uint32()),
  "DateTime64(9, 'UTC')": scalar((cursor) => cursor.int64()),
  "Decimal(38, 12)": scalar((cursor) => cursor.int128()),
  "Decimal(18, 9)": scalar((cursor) => cursor.int64()),
};

const known = new Map<string, NativeType>();

/** The type of a name as ClickHouse writes it. @throws Error for types that no table of ours has */
export function parseType(name: string): NativeType {
  const before = known.get(name) ?? SCALARS[name];
  if (before !== undefined) return before;
  const [, outer = "", inner = ""] = /^(\w+)\((.*)\)$/s.exec(name) ?? [];
  const type = createType(name, outer, inner);
  known.set(name, type);
  return type;
}

function createType(name: string, outer: string, inner: string): NativeType {
  switch (outer) {
    case "FixedString":
      return scalar((cursor) => cursor.hex(Number(inner)));
    case "Nullable":
      return nullable(parseType(inner));
    case "Array":
      return array(parseType(inner));
    case "Map": {
      const [key = "", value = ""] = splitArguments(inner);
      return map(parseType(key), parseType(value));
    }
    case "LowCardinality":
      if (inner === "String") return LOW_CARDINALITY;
  }
  throw new Error(`The type ${name} is not one that our tables have.`);
}

function scalar(read: (cursor: NativeCursor) => unknown): NativeType {
  return { readPrefix() {}, readValues: (cursor, count) => repeat(count, () => read(cursor)) };
}

function nullable(inner: NativeType): NativeType {
  return {
    readPrefix: (cursor) => inner.readPrefix(cursor),
    readValues(cursor, count) {
      const nulls = repeat(count, () => toBoolean(cursor));
      return inner.readValues(cursor, count).map((value, index) => (nulls[index] ? null : value));
    },
  };
}

function array(inner: NativeType): NativeType {
  return {
    readPrefix: (cursor) => inner.readPrefix(cursor),
    readValues(cursor, count) {
      const ends = readEnds(cursor, count);
      return slice(inner.readValues(cursor, ends.at(-1) ?? 0), ends);
    },
  };
}

/** Entries, in the order of their keys: their order in the column means nothing. Equal keys are kept. */
function map(key: NativeType, value: NativeType): NativeType {
  return {
    readPrefix(cursor) {
      key.readPrefix(cursor);
      value.readPrefix(cursor);
    },
    readValues(cursor, count) {
      const ends = readEnds(cursor, count);
      const total = ends.at(-1) ?? 0;
      const keys = key.readValues(cursor, total);
      const values = value.readValues(cursor, total);
      const entries = keys.map((each, index) => [String(each), values[index]] as const);
      return slice(entries, ends).map((each) => each.sort(([left], [right]) => (left < right ? -1 : +(left > right))));
    },
  };
}

/** @see SerializationLowCardinality.cpp: prefix, index type and flags, keys, indexes; nothing but the prefix where there are no values */
const LOW_CARDINALITY: NativeType = {
  readPrefix(cursor) {
    const version = cursor.uint64();
    if (version !== DICTIONARY_WITH_COLUMN) throw cursor.fault(`a LowCardinality column has version ${version}`);
  },
  readValues(cursor, count) {
    if (count === 0) return [];
    const flags = cursor.uint64();
    const readIndex = INDEX_WIDTHS[Number(flags & 0xffn)];
    if (readIndex === undefined || (flags & ~0xffn) !== NO_FLAGS_BUT_WHOLE_DICTIONARY)
      throw cursor.fault(`a LowCardinality column has flags ${flags}`);
    const keys = repeat(Number(cursor.uint64()), () => cursor.text());
    const rows = Number(cursor.uint64());
    if (rows !== count) throw cursor.fault(`a LowCardinality column has ${rows} rows where ${count} were expected`);
    return repeat(count, () => {
      const index = readIndex(cursor);
      const text = keys[index];
      if (text === undefined) throw cursor.fault(`the dictionary has ${keys.length} keys, and none at ${index}`);
      return text;
    });
  },
};

function readEnds(cursor: NativeCursor, count: number): number[] {
  let before = 0;
  return repeat(count, () => {
    const end = Number(cursor.uint64());
    if (end < before) throw cursor.fault(`a list ends at ${end}, before its start at ${before}`);
    before = end;
    return end;
  });
}

function slice<T>(values: readonly T[], ends: readonly number[]): T[][] {
  return ends.map((end, index) => values.slice(ends[index - 1] ?? 0, end));
}

function toBoolean(cursor: NativeCursor): boolean {
  const value = cursor.uint8();
  if (value > 1) throw cursor.fault(`${value} is no truth value`);
  return value === 1;
}

/** Grows as it reads, so that a wrong count runs into the end of the bytes and not out of memory. */
function repeat<T>(count: number, read: () => T): T[] {
  const values: T[] = [];
  for (let index = 0; index < count; index += 1) values.push(read());
  return values;
}

/** The arguments of a type, at commas outside of parentheses. */
function splitArguments(text: string): string[] {
  const parts = [""];
  let depth = 0;
  for (const char of text) {
    depth += +(char === "(") - +(char === ")");
    if (char === "," && depth === 0) parts.push("");
    else parts[parts.length - 1] += char;
  }
  return parts.map((part) => part.trim());
}
