import { createWriteStream } from "node:fs";
import { unlink } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Session } from "chdb";
import { InterfaceError, type QueryRequest } from "../http-interface/query-request.ts";
import type { QueryAnswer } from "../http-interface/serve-queries.ts";
import { bindParameters } from "./bind-parameters.ts";
import { quoteName, quoteText } from "../quote.ts";
import type { SessionPool } from "./session-pool.ts";

const INSERT_WITH_FORMAT = /^\s*(INSERT\s+INTO\s[^]*?)\s+FORMAT\s+(\w+)\s*;?\s*$/i;

/** Runs a query of the HTTP interface in the embedded engine. Insert data goes through a file in `scratchDir`. */
export async function runQuery(pool: SessionPool, scratchDir: string, query: QueryRequest): Promise<QueryAnswer> {
  if (query.body === null) return pool.withSession((session) => runIn(session, query, query.sql));
  const insert = INSERT_WITH_FORMAT.exec(query.sql);
  if (insert === null) {
    throw new InterfaceError(
      62,
      "SYNTAX_ERROR",
      400,
      "an INSERT with data must be of the form INSERT INTO table [(columns)] FORMAT Name",
    );
  }
  const [, head = "", format = ""] = insert;
  const file = await writeScratchFile(scratchDir, query.body);
  try {
    return await pool.withSession((session) =>
      runIn(session, query, `${head} FROM INFILE ${quoteText(file)} FORMAT ${format}`),
    );
  } finally {
    await unlink(file).catch(() => {});
  }
}

/** Inline insert data is not safe in the engine (a blank line ends it, and the rest is executed); a file is. */
async function writeScratchFile(scratchDir: string, body: Readable): Promise<string> {
  const file = join(scratchDir, `insert-${crypto.randomUUID()}`);
  await pipeline(body, createWriteStream(file, { flags: "wx", mode: 0o600 }));
  return file;
}

/** A session keeps what SET and USE changed, so both are undone after the query. */
async function runIn(session: Session, query: QueryRequest, sql: string): Promise<QueryAnswer> {
  const names = Object.keys(query.settings);
  try {
    if (query.database !== null) await session.queryAsync(`USE ${quoteName(query.database)}`);
    if (names.length > 0) {
      await session.queryAsync(
        `SET ${names.map((name) => `${name} = ${quoteText(query.settings[name] ?? "")}`).join(", ")}`,
      );
    }
    const result = await session.queryAsync(bindParameters(sql, query.params), { format: query.format });
    const summary = { readRows: result.rowsRead, readBytes: result.bytesRead };
    return { format: query.format, data: result.bytes(), summary };
  } finally {
    if (names.length > 0)
      await session.queryAsync(`SET ${names.map((name) => `${name} = DEFAULT`).join(", ")}`).catch(() => {});
    if (query.database !== null) await session.queryAsync("USE default").catch(() => {});
  }
}
