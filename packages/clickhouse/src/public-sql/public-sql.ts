import type { Readable } from "node:stream";
import type { ClickHouseClient, ClickHouseSettings } from "@clickhouse/client";
import { Turns } from "./turns.ts";
import { checkStatement, DATABASE, type PublicSchema } from "./check-statement.ts";
import { loadSafeFunctions } from "./safe-functions.ts";
import { parseStatement } from "./syntax-tree.ts";

/** Tables and views that are part of the public contract. @see docs/sql.md */
export const PUBLIC_TABLES: ReadonlySet<string> = new Set(["calls", "spend", "calls_history", "otel_traces"]);

/** A stranger's query. */
export interface PublicQuery {
  readonly sql: string;
  /** Output format when the SQL names none. */
  readonly format: string;
  /** Values of `{name:Type}` placeholders, escaped as ClickHouse's HTTP interface wants them (as in TabSeparated). */
  readonly params?: Readonly<Record<string, string>>;
}

/** Runs strangers' queries: read-only, on the public views, within limits. */
export interface PublicSql {
  /** The result as bytes of the format. @throws StoreError `query-refused`, or the client's error from the engine. */
  run(query: PublicQuery, signal?: AbortSignal): Promise<Readable>;
}

/** What one query may take. */
const LIMITS = {
  max_execution_time: 60,
  max_memory_usage: "2000000000",
  max_result_bytes: "500000000",
  result_overflow_mode: "throw",
  max_threads: 2,
  max_ast_depth: 500,
  max_ast_elements: 20_000,
  max_subquery_depth: 20,
} as const;

/** Queries of strangers that run at once: the engine's other sessions stay free for inserts and maintenance. */
const MAX_CONCURRENT = 2;

/** Prepares the checks; what the engine has is read on the first use. */
export function createPublicSql(client: ClickHouseClient): PublicSql {
  let schema: Promise<PublicSchema> | undefined;
  const turns = new Turns(MAX_CONCURRENT);
  return {
    run: (query, signal) => turns.take(() => runChecked(query, signal)),
  };

  async function runChecked({ sql, format, params }: PublicQuery, signal?: AbortSignal): Promise<Readable> {
    signal?.throwIfAborted();
    schema ??= loadSchema(client).catch((error: unknown) => {
      // The next query asks again.
      schema = undefined;
      throw error;
    });
    const parameters = toSettings(params ?? {});
    // Both at once: when the database goes away, neither may fail with nobody waiting for it.
    const [statement, known] = await Promise.all([parseStatement(client, sql, parameters), schema]);
    checkStatement(statement, known);
    // The embedded engine goes on with a query whose client has gone. So this one waits for it, and keeps its turn meanwhile.
    const { stream } = await client.exec({
      query: statement.sql,
      clickhouse_settings: {
        ...LIMITS,
        ...parameters,
        default_format: format,
        database: DATABASE,
      } as ClickHouseSettings,
    });
    if (signal?.aborted === true) stream.destroy();
    signal?.throwIfAborted();
    return stream;
  }
}

/** The client would escape values a second time; as URL parameters they go as they are. */
function toSettings(params: Readonly<Record<string, string>>): ClickHouseSettings {
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [`param_${name}`, value]));
}

async function loadSchema(client: ClickHouseClient): Promise<PublicSchema> {
  const names = async (query: string) => {
    const result = await client.query({ query, format: "JSONCompactEachRow" });
    return (await result.json<[string]>()).map(([name]) => name);
  };
  const publicNames = [...PUBLIC_TABLES].map((table) => `'${table}'`).join(", ");
  const tables = await names(`SELECT name FROM system.tables WHERE database = '${DATABASE}'`);
  return {
    tables: PUBLIC_TABLES,
    privateTables: new Set(tables.filter((table) => !PUBLIC_TABLES.has(table))),
    databases: new Set(await names("SELECT lower(name) FROM system.databases")),
    functions: await loadSafeFunctions(client),
    columns: new Set(
      await names(
        `SELECT DISTINCT name FROM system.columns WHERE database = '${DATABASE}' AND table IN (${publicNames})`,
      ),
    ),
  };
}
