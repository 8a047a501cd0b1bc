import { text as readText } from "node:stream/consumers";
import { type ClickHouseClient, ClickHouseError, type ClickHouseSettings } from "@clickhouse/client";
import { StoreError } from "../store-error.ts";

/** One node of the engine's own syntax tree, as `EXPLAIN AST` prints it. */
export interface SyntaxNode {
  /** Such as `Function` or `TableIdentifier`. */
  readonly kind: string;
  /** What stands after the kind: the name of a function, table or column. */
  readonly text: string;
  /** 0 for the root. */
  readonly depth: number;
}

/** A statement, as the engine understood it. */
export interface ParsedStatement {
  /** The statement as the engine writes it: one statement, no comments. This is what is run, never the text that came. */
  readonly sql: string;
  readonly nodes: readonly SyntaxNode[];
}

/**
 * Parses a text with the engine's own parser.
 * @param settings the query's parameters, as `param_<name>`
 * @throws StoreError `query-refused` when it is no single statement.
 */
export async function parseStatement(
  client: ClickHouseClient,
  sql: string,
  settings: ClickHouseSettings,
): Promise<ParsedStatement> {
  const formatted = await formatStatement(client, sql);
  // A FORMAT clause would become part of the explained statement.
  const { stream } = await client.exec({
    query: `EXPLAIN AST ${formatted}`,
    clickhouse_settings: { ...settings, default_format: "JSONCompactEachRow" },
  });
  const lines = (await readText(stream))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as [string]);
  return { sql: formatted, nodes: lines.map(([line]) => parseLine(line)) };
}

async function formatStatement(client: ClickHouseClient, sql: string): Promise<string> {
  try {
    const query = "SELECT formatQuerySingleLine({sql:String})";
    const result = await client.query({ query, query_params: { sql }, format: "JSONCompactEachRow" });
    const [row] = await result.json<[string]>();
    return row?.[0] ?? "";
  } catch (cause) {
    // A database that gives no answer has not refused anything.
    if (!(cause instanceof ClickHouseError)) throw cause;
    const message = cause.message.replace(/: In scope SELECT formatQuerySingleLine[^]*$/, "");
    throw new StoreError("query-refused", message, { cause });
  }
}

function parseLine(line: string): SyntaxNode {
  const depth = line.length - line.trimStart().length;
  const [, kind = "", rest = ""] = /^(\S+)\s?([^]*)$/.exec(line.trimStart()) ?? [];
  const text = rest.replace(/\s*\(children \d+\)$/, "").replace(/\s*\(alias [^]*\)$/, "");
  return { kind, text, depth };
}
