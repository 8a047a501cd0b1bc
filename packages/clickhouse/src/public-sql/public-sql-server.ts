import type { IncomingMessage, Server } from "node:http";
import { InterfaceError } from "../http-interface/query-request.ts";
import { createQueryServer } from "../http-interface/serve-queries.ts";
import { StoreError } from "../store-error.ts";
import type { PublicSql } from "./public-sql.ts";

/** Whether a request may ask at all. */
export type Authorize = (request: IncomingMessage) => boolean;

/** The public read-only SQL endpoint: ClickHouse's HTTP interface in front of `PublicSql`. */
export function createPublicSqlServer(publicSql: PublicSql, authorize: Authorize): Server {
  return createQueryServer(async (query, request, signal) => {
    if (!authorize(request)) {
      throw new InterfaceError(
        516,
        "AUTHENTICATION_FAILED",
        401,
        "this endpoint needs the token it was started with, as Authorization: Bearer <token>, X-ClickHouse-Key, or the password of basic authentication",
      );
    }
    if (query.body !== null)
      throw new InterfaceError(164, "READONLY", 403, "this endpoint is read-only; INSERT is not allowed");
    try {
      const { sql, format, params } = query;
      return { format: formatOf(sql) ?? format, data: await publicSql.run({ sql, format, params }, signal) };
    } catch (error) {
      if (error instanceof StoreError) throw new InterfaceError(497, "ACCESS_DENIED", 403, error.message);
      throw error;
    }
  });
}

/** The format that the SQL itself asks for, for the header only. */
function formatOf(sql: string): string | null {
  return /\bFORMAT\s+(\w+)\s*;?\s*$/i.exec(sql)?.[1] ?? null;
}
