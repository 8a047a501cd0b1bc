import { createWriteStream } from "node:fs";
import { unlink } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ChdbResult, Session } from "chdb";
import { InterfaceError, type QueryRequest } from "../http-interface/query-request.ts";
import type { QueryAnswer } from "../http-interface/serve-queries.ts";
import { bindParameters } from "./bind-parameters.ts";
import { quoteText } from "../quote.ts";
import { setTimeout as sleep } from "node:timers/promises";
import { collectFile } from "./collect-result.ts";
import { planResult, type ToSql } from "./plan-result.ts";
import type { SessionPool } from "./session-pool.ts";

const INSERT_WITH_FORMAT = /^\s*(INSERT\s+INTO\s[^]*?)\s+FORMAT\s+(\w+)\s*;?\s*$/i;

const KILL_INTERVAL_MS = 100;

/** Runs queries of the HTTP interface in the embedded engine. Insert data and large results go through files in `scratchDir`. */
export class QueryRunner {
  readonly #pool: SessionPool;
  readonly #scratchDir: string;
  readonly #killers: SessionPool;

  /** @param killers sessions that no long query takes, to end others from */
  constructor(pool: SessionPool, scratchDir: string, killers: SessionPool) {
    this.#pool = pool;
    this.#scratchDir = scratchDir;
    this.#killers = killers;
  }

  /** @param signal ends a SELECT whose result goes by a file; other queries run to their end */
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
    const bound = bindParameters(sql, query.params);
    return this.#pool.withSession((session) =>
      session.run(query, bound, (connection) => this.#ask(connection, query, bound, signal)),
    );
  }

  async #ask(session: Session, query: QueryRequest, sql: string, signal: AbortSignal): Promise<QueryAnswer> {
    const { format } = query;
    const plan = planResult(sql, format);
    if (plan.by === "file") {
      const answer = await this.#askByFile(session, format, plan.toSql, signal);
      if (answer !== null) return answer;
    }
    const result = await session.queryAsync(sql, { format });
    return { format, data: result.bytes(), summary: summarize(result) };
  }

  /** @returns `null` when the error is about the file and means nothing to the client: the query must be asked without it */
  async #askByFile(session: Session, format: string, toSql: ToSql, signal: AbortSignal): Promise<QueryAnswer | null> {
    signal.throwIfAborted();
    try {
      const { data, written } = await collectFile(this.#scratchDir, (path) =>
        this.#untilAborted(session.queryAsync(toSql(quoteText(path)), { format }), path, signal),
      );
      return { format, data, summary: summarize(written) };
    } catch (error) {
      if (!signal.aborted && error instanceof Error && error.message.includes(this.#scratchDir)) return null;
      throw error;
    }
  }

  /** Ends the query that writes a file when its client has gone. */
  async #untilAborted<T>(running: Promise<T>, path: string, signal: AbortSignal): Promise<T> {
    const over = new AbortController();
    const kill = async () => {
      // The engine may not know the query yet.
      for (; !over.signal.aborted; await sleep(KILL_INTERVAL_MS)) await this.#kill(path).catch(() => {});
    };
    const onAbort = () => void kill();
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      return await running;
    } finally {
      over.abort();
      signal.removeEventListener("abort", onAbort);
    }
  }

  #kill(path: string): Promise<unknown> {
    const sql = `KILL QUERY WHERE position(query, ${quoteText(path)}) > 0 ASYNC`;
    return this.#killers.withSession((session) =>
      session.run({ database: null, settings: {} }, sql, (connection) => connection.queryAsync(sql)),
    );
  }
}

function summarize({ rowsRead, bytesRead }: ChdbResult): NonNullable<QueryAnswer["summary"]> {
  return { readRows: rowsRead, readBytes: bytesRead };
}

/** Inline insert data is not safe in the engine (a blank line ends it, and the rest is executed); a file is. */
async function writeScratchFile(scratchDir: string, body: Readable): Promise<string> {
  const file = join(scratchDir, `insert-${crypto.randomUUID()}`);
  await pipeline(body, createWriteStream(file, { flags: "wx", mode: 0o600 }));
  return file;
}
