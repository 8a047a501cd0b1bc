import type { Readable } from "node:stream";
import type { ClickHouseClient, ClickHouseSettings } from "@clickhouse/client";
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
  max_memory_usage: "4000000000",
  max_threads: 2,
  max_ast_depth: 500,
  max_ast_elements: 20_000,
  max_subquery_depth: 20,
} as const;

/** Prepares the checks; what the engine has is read on the first use. */
export function createPublicSql(client: ClickHouseClient): PublicSql {
  let schema: Promise<PublicSchema> | undefined;
  return {
    async run({ sql, format, params }, signal) {
      schema ??= loadSchema(client);
      const parameters = toSettings(params ?? {});
      const statement = await parseStatement(client, sql, parameters);
      checkStatement(statement, await schema);
      const { stream } = await client.exec({
        query: statement.sql,
        clickhouse_settings: {
          ...LIMITS,
          ...parameters,
          default_format: format,
          database: DATABASE,
        } as ClickHouseSettings,
        ...(signal === undefined ? {} : { abort_signal: signal }),
      });
      return stream;
    },
  };
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
  const tables = await names(`SELECT name FROM system.tables WHERE database = '${DATABASE}'`);
  return {
    tables: PUBLIC_TABLES,
    privateTables: new Set(tables.filter((table) => !PUBLIC_TABLES.has(table))),
    databases: new Set(await names("SELECT lower(name) FROM system.databases")),
    functions: await loadSafeFunctions(client),
  };
}
