import { createWriteStream } from "node:fs";
import { unlink } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ChdbResult, Session } from "chdb";
import { InterfaceError, type QueryRequest } from "../http-interface/query-request.ts";
import type { QueryAnswer } from "../http-interface/serve-queries.ts";
import { bindParameters } from "./bind-parameters.ts";
import { quoteName, quoteText } from "../quote.ts";
import { collectFile, collectParts } from "./collect-result.ts";
import { planResult, type ToSql } from "./plan-result.ts";
import type { SessionPool } from "./session-pool.ts";

const INSERT_WITH_FORMAT = /^\s*(INSERT\s+INTO\s[^]*?)\s+FORMAT\s+(\w+)\s*;?\s*$/i;

/** Runs queries of the HTTP interface in the embedded engine. Insert data and large results go through files in `scratchDir`. */
export class QueryRunner {
  readonly #pool: SessionPool;
  readonly #scratchDir: string;
  readonly #baseSettings: Readonly<Record<string, string>>;

  /** @param baseSettings what the sessions were opened with, and go back to after a query that set something else */
  constructor(pool: SessionPool, scratchDir: string, baseSettings: Readonly<Record<string, string>>) {
    this.#pool = pool;
    this.#scratchDir = scratchDir;
    this.#baseSettings = baseSettings;
  }

  /** @param signal ends a SELECT whose result is read in parts; other queries run to their end */
  async run(query: QueryRequest, signal: AbortSignal): Promise<QueryAnswer> {
    if (query.body === null) return this.#runIn(query, query.sql, signal);
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
    const file = await writeScratchFile(this.#scratchDir, query.body);
    try {
      return await this.#runIn(query, `${head} FROM INFILE ${quoteText(file)} FORMAT ${format}`, signal);
    } finally {
      await unlink(file).catch(() => {});
    }
  }

  #runIn(query: QueryRequest, sql: string, signal: AbortSignal): Promise<QueryAnswer> {
    return this.#pool.withSession(async (session) => {
      try {
        if (query.database !== null) await session.queryAsync(`USE ${quoteName(query.database)}`);
        await set(session, query.settings);
        return await this.#ask(session, query, bindParameters(sql, query.params), signal);
      } finally {
        await this.#undo(session, query);
      }
    });
  }

  async #ask(session: Session, query: QueryRequest, sql: string, signal: AbortSignal): Promise<QueryAnswer> {
    const { format } = query;
    const plan = planResult(sql, format);
    if (plan.by === "parts") {
      signal.throwIfAborted();
      return { format, data: await collectParts(session.queryStream(sql, { format, signal }), this.#scratchDir) };
    }
    if (plan.by === "file") {
      const answer = await this.#askByFile(session, format, plan.toSql);
      if (answer !== null) return answer;
    }
    const result = await session.queryAsync(sql, { format });
    return { format, data: result.bytes(), summary: summarize(result) };
  }

  /** @returns `null` when the error is about the file and means nothing to the client: the query must be asked without it */
  async #askByFile(session: Session, format: string, toSql: ToSql): Promise<QueryAnswer | null> {
    try {
      const { data, written } = await collectFile(this.#scratchDir, (path) =>
        session.queryAsync(toSql(quoteText(path)), { format }),
      );
      return { format, data, summary: summarize(written) };
    } catch (error) {
      if (error instanceof Error && error.message.includes(this.#scratchDir)) return null;
      throw error;
    }
  }

  /** A session keeps what SET and USE changed. */
  async #undo(session: Session, query: QueryRequest): Promise<void> {
    const names = Object.keys(query.settings);
    const known = names.filter((name) => Object.hasOwn(this.#baseSettings, name));
    const others = names.filter((name) => !known.includes(name)).map((name) => `${name} = DEFAULT`);
    if (others.length > 0) await session.queryAsync(`SET ${others.join(", ")}`).catch(() => {});
    await set(session, Object.fromEntries(known.map((name) => [name, this.#baseSettings[name] ?? ""]))).catch(() => {});
    if (query.database !== null) await session.queryAsync("USE default").catch(() => {});
  }
}

function summarize({ rowsRead, bytesRead }: ChdbResult): NonNullable<QueryAnswer["summary"]> {
  return { readRows: rowsRead, readBytes: bytesRead };
}

async function set(session: Session, settings: Readonly<Record<string, string>>): Promise<void> {
  const changes = Object.entries(settings).map(([name, value]) => `${name} = ${quoteText(value)}`);
  if (changes.length > 0) await session.queryAsync(`SET ${changes.join(", ")}`);
}

/** Inline insert data is not safe in the engine (a blank line ends it, and the rest is executed); a file is. */
async function writeScratchFile(scratchDir: string, body: Readable): Promise<string> {
  const file = join(scratchDir, `insert-${crypto.randomUUID()}`);
  await pipeline(body, createWriteStream(file, { flags: "wx", mode: 0o600 }));
  return file;
}
