import { Agent } from "node:http";
import { Readable } from "node:stream";
import { type ClickHouseClient, ClickHouseLogLevel, type ClickHouseSettings, createClient } from "@clickhouse/client";
import { type BlockFiles, type IngestTable, insertFiles } from "./insert-files.ts";
import { encodeBlock, insertStatement, type TableLayout } from "./native/table-layout.ts";
import { StoreError } from "./store-error.ts";
import { CALL_LAYOUT, type CallRow } from "./tables/call-row.ts";
import { SPAN_LAYOUT, type SpanRow } from "./tables/span-row.ts";

/** Where the database is: the embedded engine's socket, or a ClickHouse server with its user and password in the URL. */
export type StoreAddress = { readonly socketPath: string } | { readonly url: string };

/** The database, embedded or not. */
export interface Store {
  readonly client: ClickHouseClient;
  /** As `client`, for statements that only read and may take an hour: `client` gives one up after a minute. */
  readonly patientClient: ClickHouseClient;
  /** Resolves when the rows are durable. Rows that are there already make no difference. @throws StoreError `insert-failed` */
  insert(rows: { readonly spans: readonly SpanRow[]; readonly calls: readonly CallRow[] }): Promise<void>;
  /** As `insert`, for rows that are in files of Native blocks. @throws StoreError `insert-failed` */
  insertFiles(table: IngestTable, paths: BlockFiles): Promise<void>;
  /** Whether the database answers. */
  isReady(): Promise<boolean>;
  close(): Promise<void>;
}

const REQUEST_TIMEOUT_MS = 60_000;
const PATIENT_TIMEOUT_MS = 3_600_000;
/** What is between us and a server must not take a connection for idle. Each is a header of some 200 bytes, and Node takes 16 KiB of them. */
const PROGRESS = { send_progress_in_http_headers: 1, http_headers_progress_interval_ms: "50000" } as const;
const MAX_OPEN_CONNECTIONS = 16;

/** Connects to the database; nothing is sent before the first use. */
export function createStore(address: StoreAddress): Store {
  const client = connect(address, REQUEST_TIMEOUT_MS);
  const patientClient = connect(address, PATIENT_TIMEOUT_MS, PROGRESS);
  return {
    client,
    patientClient,
    async insert({ spans, calls }) {
      await Promise.all([insertRows(client, CALL_LAYOUT, calls), insertRows(client, SPAN_LAYOUT, spans)]);
    },
    // The embedded engine is this user's, on this machine.
    insertFiles: (table, paths) => insertFiles(client, table, paths, "socketPath" in address),
    isReady: async () => (await client.ping({ select: true })).success,
    async close() {
      await Promise.all([client.close(), patientClient.close()]);
    },
  };
}

function connect(address: StoreAddress, requestTimeoutMs: number, settings: ClickHouseSettings = {}): ClickHouseClient {
  return createClient({
    ...("url" in address ? { url: address.url } : viaSocket(address.socketPath)),
    request_timeout: requestTimeoutMs,
    max_open_connections: MAX_OPEN_CONNECTIONS,
    // Errors reach their callers; the client would print them, with the statement, as well.
    log: { level: ClickHouseLogLevel.OFF },
    clickhouse_settings: {
      async_insert: 0,
      // A request may hold spans of many days; the window of accepted times bounds the partitions.
      max_partitions_per_insert_block: "0",
      // Numbers that a double cannot hold go as texts.
      output_format_json_quote_64bit_integers: 1,
      output_format_json_quote_decimals: 1,
      ...settings,
    },
  });
}

/** The client wants a URL and takes an agent; the agent's socket decides where requests go. */
function viaSocket(socketPath: string) {
  const options = { keepAlive: true, maxSockets: MAX_OPEN_CONNECTIONS, socketPath };
  return { url: "http://localhost:8123", http_agent: new Agent(options), keep_alive: { enabled: true } };
}

async function insertRows<Row>(
  client: ClickHouseClient,
  layout: TableLayout<Row>,
  rows: readonly Row[],
): Promise<void> {
  if (rows.length === 0) return;
  try {
    const values = Readable.from([encodeBlock(layout, rows)], { objectMode: false });
    const { stream } = await client.exec({ query: insertStatement(layout), values });
    stream.resume();
  } catch (cause) {
    throw new StoreError(
      "insert-failed",
      `Inserting ${rows.length} rows into ${layout.table} failed: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}
