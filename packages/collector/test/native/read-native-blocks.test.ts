import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { createStore, type EmbeddedEngine, startEmbeddedEngine, type Store } from "@spancost/clickhouse";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findDifference, readNativeBlocks } from "./read-native-blocks.ts";

/** A column of each type that our tables have. */
const COLUMNS = {
  text: "String",
  id: "FixedString(4)",
  flag: "Bool",
  small: "UInt8",
  medium: "UInt32",
  large: "UInt64",
  second: "DateTime('UTC')",
  time: "DateTime64(9, 'UTC')",
  money: "Decimal(38, 12)",
  seconds: "Decimal(18, 9)",
  maybe: "Nullable(UInt64)",
  maybe_money: "Nullable(Decimal(38, 12))",
  name: "LowCardinality(String)",
  list: "Array(String)",
  names: "Array(LowCardinality(String))",
  attributes: "Map(LowCardinality(String), String)",
  attribute_lists: "Array(Map(LowCardinality(String), LowCardinality(String)))",
};

const ROWS = {
  columns: COLUMNS,
  rows: [
    {
      text: "ünï\0",
      id: "0001ff00",
      flag: true,
      small: 255,
      medium: 4294967295,
      large: 18446744073709551615n,
      second: 1780000000,
      time: 1780000000123456789n,
      money: -1234567890123456789012345n,
      seconds: -1n,
      maybe: null,
      maybe_money: 1n,
      name: "a",
      list: ["x", ""],
      names: ["b", "a", "b"],
      attributes: [
        ["k", "1"],
        ["l", "2"],
      ],
      attribute_lists: [[["k", "v"]], []],
    },
    {
      text: "",
      id: "00000000",
      flag: false,
      small: 0,
      medium: 0,
      large: 0n,
      second: 0,
      time: 0n,
      money: 0n,
      seconds: 0n,
      maybe: 7n,
      maybe_money: null,
      name: "",
      list: [],
      names: [],
      attributes: [],
      attribute_lists: [],
    },
  ],
};

describe("the reader of Native blocks, against the engine", () => {
  const dataDir = mkdtempSync(join(tmpdir(), "spancost-native-"));
  let engine: EmbeddedEngine;
  let store: Store;

  beforeAll(async () => {
    engine = await startEmbeddedEngine({ dataDir });
    store = createStore({ socketPath: engine.socketPath });
    await run("CREATE DATABASE IF NOT EXISTS t");
    const columns = Object.entries(COLUMNS).map(([name, type]) => `${name} ${type}`);
    await run(`CREATE TABLE t.types (${columns.join(", ")}) ENGINE = MergeTree ORDER BY tuple()`);
    await run(`INSERT INTO t.types VALUES ('ünï\\0', '\\0\\x01\\xff\\0', true, 255, 4294967295, 18446744073709551615, 1780000000,
      '2026-05-28 20:26:40.123456789', '-1234567890123.456789012345', -0.000000001, NULL, 0.000000000001, 'a', ['x', ''], ['b', 'a', 'b'],
      {'k': '1', 'l': '2'}, [{'k': 'v'}, {}]), ('', '', false, 0, 0, 0, 0, 0, 0, 0, 7, NULL, '', [], [], {}, [])`);
  });

  afterAll(async () => {
    await store.close();
    await engine.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  async function run(query: string, values?: Buffer): Promise<Buffer> {
    const input = values === undefined ? {} : { values: Readable.from([values], { objectMode: false }) };
    const { stream } = await store.client.exec({ query, ...input });
    return buffer(stream);
  }

  it("reads what the engine writes, of every type", async () => {
    const read = readNativeBlocks(await run("SELECT * FROM t.types ORDER BY large DESC FORMAT Native"));
    expect(read.rows).toEqual(ROWS.rows);
    expect(findDifference(read, ROWS)).toBeNull();
  });

  it("reads several blocks, and none", async () => {
    const query =
      "SELECT number AS n, toString(number) AS t FROM numbers(10) SETTINGS max_block_size = 3 FORMAT Native";
    const blocks = await run(query);
    const one = await run("SELECT toUInt64(7) AS n, '7' AS t FORMAT Native");
    expect(readNativeBlocks(Buffer.concat([blocks, one])).rows.map((row) => row["n"])).toEqual([
      ...Array.from({ length: 10 }, (_, index) => BigInt(index)),
      7n,
    ]);
    expect(readNativeBlocks(await run("SELECT * FROM t.types WHERE 0 FORMAT Native")).rows).toEqual([]);
  });

  it.each([
    [2, 0],
    [300, 1],
    [70_000, 2],
  ])("reads LowCardinality columns of %i keys as the engine does when they are inserted", async (keyCount, width) => {
    const block = lowCardinalityBlock(keyCount, width);
    const read = readNativeBlocks(block);
    expect(read.rows.at(-1)).toEqual({ v: `key ${keyCount - 1}`, m: [[`key ${keyCount - 1}`, "x"]] });
    await run("DROP TABLE IF EXISTS t.low");
    await run("CREATE TABLE t.low (v LowCardinality(String), m Map(LowCardinality(String), String)) ENGINE = Memory");
    await run("INSERT INTO t.low FORMAT Native", block);
    const stored = readNativeBlocks(await run("SELECT v, m FROM t.low FORMAT Native"));
    expect(findDifference(stored, read)).toBeNull();
    expect(stored.rows).toHaveLength(keyCount);
  });

  it("refuses bytes that are cut off or left over", async () => {
    const bytes = await run("SELECT * FROM t.types FORMAT Native");
    for (let size = 1; size < bytes.length; size += 1)
      expect(() => readNativeBlocks(bytes.subarray(0, size))).toThrow(/^The Native bytes are wrong/);
    expect(() => readNativeBlocks(Buffer.concat([bytes, Buffer.from([0])]))).toThrow();
  });
});

describe("the difference of two results", () => {
  it("says which column differs, and in which row", () => {
    const [first, second] = ROWS.rows;
    const other = { columns: COLUMNS, rows: [first ?? {}, { ...second, maybe: 8n }] };
    expect(findDifference(ROWS, other)).toContain('maybe: "7n" against "8n"');
    expect(findDifference(ROWS, { columns: COLUMNS, rows: [] })).toBe("2 rows against 0");
  });

  it("are the same in another order, also where blocks have their columns in different ones", () => {
    const columns = { id: "UInt8", x: "UInt8", y: "UInt8" };
    const rows = [
      { id: 1, x: 1, y: 2 },
      { id: 1, x: 2, y: 1 },
    ];
    const others = [
      { id: 1, y: 1, x: 2 },
      { id: 1, y: 2, x: 1 },
    ];
    expect(findDifference({ columns, rows }, { columns, rows: others })).toBeNull();
    expect(findDifference({ columns, rows }, { columns, rows: [{ id: 1, y: 1, x: 1 }, ...rows.slice(1)] })).toContain(
      "y: 2 against 1",
    );
  });
});

/** One row a key, each in a column of texts and as the key of a map. */
function lowCardinalityBlock(keyCount: number, width: number): Buffer {
  const keys = Array.from({ length: keyCount }, (_, index) => text(`key ${index}`));
  const indexes = Buffer.alloc(keyCount << width);
  for (let index = 0; index < keyCount; index += 1) indexes.writeUIntLE(index, index << width, 1 << width);
  const low = Buffer.concat([uint64(width | 0x600), uint64(keyCount), ...keys, uint64(keyCount), indexes]);
  const ends = Buffer.concat(keys.map((_, index) => uint64(index + 1)));
  const values = Buffer.concat(keys.map(() => text("x")));
  return Buffer.concat([
    varUint(2),
    varUint(keyCount),
    ...column("v", "LowCardinality(String)", low),
    ...column("m", "Map(LowCardinality(String), String)", ends, low, values),
  ]);
}

/** A column whose type has a dictionary, for which the 1 stands. */
function column(name: string, type: string, ...data: Buffer[]): Buffer[] {
  return [text(name), text(type), uint64(1), ...data];
}

function varUint(value: number): Buffer {
  return value < 0x80
    ? Buffer.from([value])
    : Buffer.concat([Buffer.from([(value & 0x7f) | 0x80]), varUint(value >> 7)]);
}

function uint64(value: number): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigUInt64LE(BigInt(value));
  return out;
}

function text(content: string): Buffer {
  return Buffer.concat([varUint(Buffer.byteLength(content)), Buffer.from(content)]);
}
