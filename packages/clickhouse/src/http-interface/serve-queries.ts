import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { InterfaceError, type QueryRequest, readQueryRequest, readUrl } from "./query-request.ts";

/** What answers a query. */
export interface QueryAnswer {
  /** The format the bytes are in. */
  readonly format: string;
  readonly data: Uint8Array | Readable;
  /** Counts for clients that read `X-ClickHouse-Summary`. */
  readonly summary?: { readonly readRows: number; readonly readBytes: number };
}

/** Answers one query; throws `InterfaceError`, or an error whose message is ClickHouse's own (`Code: 62. DB::Exception: ...`). */
export type QueryHandler = (query: QueryRequest, request: IncomingMessage, signal: AbortSignal) => Promise<QueryAnswer>;

/** HTTP statuses by ClickHouse error code, as ClickHouse itself answers; all others are 500. */
const STATUS_BY_CODE: Readonly<Record<number, number>> = {
  6: 400,
  27: 400,
  46: 404,
  47: 404,
  60: 404,
  62: 400,
  81: 404,
  115: 404,
  159: 408,
  164: 403,
  194: 401,
  241: 507,
  497: 403,
  516: 403,
};

/** What fits into a packet does not become faster by compression. */
const MAX_PLAIN_BYTES = 1_400;

/**
 * An HTTP server that speaks the part of ClickHouse's HTTP interface that clients use.
 * @param maxSqlBytes longest SQL text. @default 1 MiB
 */
export function createQueryServer(handle: QueryHandler, maxSqlBytes?: number): Server {
  return createServer((request, response) => {
    void answer(handle, request, response, maxSqlBytes);
  });
}

async function answer(
  handle: QueryHandler,
  request: IncomingMessage,
  response: ServerResponse,
  maxSqlBytes: number | undefined,
): Promise<void> {
  response.setHeader("X-ClickHouse-Server-Display-Name", "spancost");
  response.setHeader("X-ClickHouse-Timezone", "UTC");
  const abort = new AbortController();
  response.once("close", () => abort.abort());
  request.on("error", () => {});
  response.on("error", () => {});
  try {
    const url = readUrl(request);
    if (url.pathname === "/ping" || (request.method === "GET" && !url.searchParams.has("query"))) {
      response.writeHead(200, { "Content-Type": "text/html; charset=UTF-8" }).end("Ok.\n");
      return;
    }
    const query = await readQueryRequest(request, url, maxSqlBytes);
    response.setHeader("X-ClickHouse-Query-Id", query.queryId);
    await send(await handle(query, request, abort.signal), request, response);
  } catch (error) {
    fail(error, response);
  }
}

async function send(result: QueryAnswer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.setHeader("X-ClickHouse-Format", result.format);
  response.setHeader("Content-Type", contentType(result.format));
  if (result.summary !== undefined) {
    const { readRows, readBytes } = result.summary;
    response.setHeader(
      "X-ClickHouse-Summary",
      JSON.stringify({ read_rows: String(readRows), read_bytes: String(readBytes) }),
    );
  }
  const { data } = result;
  const isSmall = data instanceof Uint8Array && data.length <= MAX_PLAIN_BYTES;
  const gzip = !isSmall && /\bgzip\b/.test(request.headers["accept-encoding"] ?? "");
  if (gzip) response.setHeader("Content-Encoding", "gzip");
  if (!gzip && data instanceof Uint8Array) {
    response.writeHead(200, { "Content-Length": data.length }).end(data);
    return;
  }
  response.writeHead(200);
  const source = data instanceof Uint8Array ? [data] : data;
  await (gzip ? pipeline(source, createGzip({ level: 1 }), response) : pipeline(source, response));
}

function fail(error: unknown, response: ServerResponse): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { code, name, status, message } = describe(error);
  response.removeHeader("Content-Encoding");
  response.setHeader("X-ClickHouse-Exception-Code", String(code));
  response
    .writeHead(status, { "Content-Type": "text/plain; charset=UTF-8" })
    .end(`Code: ${code}. DB::Exception: ${message} (${name})\n`);
}

function describe(error: unknown): { code: number; name: string; status: number; message: string } {
  if (error instanceof InterfaceError) {
    return { code: error.clickhouseCode, name: error.clickhouseName, status: error.httpStatus, message: error.message };
  }
  const text = error instanceof Error ? error.message : String(error);
  const code = Number(/Code: (\d+)/.exec(text)?.[1] ?? 1000);
  const name = /\(([A-Z_0-9]+)\)\s*$/.exec(text.trim())?.[1] ?? "UNKNOWN_EXCEPTION";
  const message = text.replace(/^[^]*?DB::Exception: /, "").replace(/\s*\([A-Z_0-9]+\)\s*$/, "");
  return { code, name, status: STATUS_BY_CODE[code] ?? 500, message };
}

function contentType(format: string): string {
  if (format.startsWith("JSON")) return "application/json; charset=UTF-8";
  if (/^(Native|RowBinary|Arrow|Parquet)/.test(format)) return "application/octet-stream";
  return format.startsWith("CSV") ? "text/csv; charset=UTF-8" : "text/tab-separated-values; charset=UTF-8";
}
