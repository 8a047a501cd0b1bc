import { createReadStream } from "node:fs";
import { basename, dirname } from "node:path";
import { Readable } from "node:stream";
import type { ClickHouseClient } from "@clickhouse/client";
import { insertStatement, type TableLayout } from "./native/table-layout.ts";
import { quoteText } from "./quote.ts";
import { StoreError } from "./store-error.ts";
import { CALL_LAYOUT } from "./tables/call-row.ts";
import { SPAN_LAYOUT } from "./tables/span-row.ts";

/** The tables that rows are received for. */
export type IngestTable = "llm_calls" | "otel_traces";

const LAYOUTS = { llm_calls: CALL_LAYOUT, otel_traces: SPAN_LAYOUT } as const;

/** One part in each partition, on disk before the answer, and never taken for a block that was inserted before. */
const SETTINGS = {
  async_insert: 0,
  insert_deduplicate: 0,
  max_insert_threads: "1",
  min_insert_block_size_rows: "1000000000",
  min_insert_block_size_bytes: "0",
  max_query_size: "16777216",
  // A statement that goes on without us ends before the grace of sealing does.
  max_execution_time: 60,
} as const;

/** What the engine would take for a pattern; it has no way of escaping. */
const PATTERN = /[*?{},[\]]/;

/** Files of Native blocks, by absolute paths; those of one call are in one folder and have plain names. */
export type BlockFiles = readonly [string, ...string[]];

/**
 * Inserts files of Native blocks with one statement.
 * @param canOpenFiles whether the database itself can read them: then no row goes through a socket
 * @throws StoreError `insert-failed`
 */
export async function insertFiles(
  client: ClickHouseClient,
  table: IngestTable,
  paths: BlockFiles,
  canOpenFiles: boolean,
): Promise<void> {
  const statement = insertStatement(LAYOUTS[table] as TableLayout<unknown>);
  try {
    if (canOpenFiles && !PATTERN.test(paths.join(""))) await openFiles(client, statement, paths);
    else await sendFiles(client, statement, paths);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StoreError("insert-failed", `Inserting ${paths.length} files into ${table} failed: ${why}`, { cause });
  }
}

async function openFiles(client: ClickHouseClient, statement: string, paths: BlockFiles): Promise<void> {
  const [first] = paths;
  const pattern = paths.length === 1 ? first : `${dirname(first)}/{${paths.map((path) => basename(path)).join(",")}}`;
  await client.command({
    query: statement.replace(/FORMAT Native$/, () => `FROM INFILE ${quoteText(pattern)} FORMAT Native`),
    clickhouse_settings: SETTINGS,
  });
}

async function sendFiles(client: ClickHouseClient, query: string, paths: BlockFiles): Promise<void> {
  const values = Readable.from(readFiles(paths), { objectMode: false });
  const { stream } = await client.exec({ query, values, clickhouse_settings: SETTINGS });
  stream.resume();
}

async function* readFiles(paths: BlockFiles): AsyncGenerator<Buffer> {
  for (const path of paths) for await (const chunk of createReadStream(path)) yield chunk as Buffer;
}
