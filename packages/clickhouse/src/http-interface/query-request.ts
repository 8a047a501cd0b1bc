import type { IncomingMessage } from "node:http";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { pipeline, type Readable, type Transform } from "node:stream";

/** A query as ClickHouse's HTTP interface carries it. */
export interface QueryRequest {
  readonly queryId: string;
  readonly sql: string;
  /** Output format when the SQL names none. */
  readonly format: string;
  readonly database: string | null;
  /** Raw texts of `{name:Type}` parameters. */
  readonly params: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, string>>;
  /** Data after an INSERT, decompressed; `null` when the body was the query. */
  readonly body: Readable | null;
}

/** A request that the HTTP interface refuses, as a ClickHouse error code and name. */
export class InterfaceError extends Error {
  readonly clickhouseCode: number;
  readonly clickhouseName: string;
  readonly httpStatus: number;

  constructor(clickhouseCode: number, clickhouseName: string, httpStatus: number, message: string) {
    super(message);
    this.name = "InterfaceError";
    this.clickhouseCode = clickhouseCode;
    this.clickhouseName = clickhouseName;
    this.httpStatus = httpStatus;
  }
}

/** URL parameters that steer the interface and are no settings of the engine. */
const CONTROL_PARAMETERS: ReadonlySet<string> = new Set([
  "query",
  "database",
  "default_format",
  "query_id",
  "session_id",
  "session_timeout",
  "session_check",
  "user",
  "password",
  "quota_key",
  "role",
  "compress",
  "decompress",
  "enable_http_compression",
  "wait_end_of_query",
  "buffer_size",
  "client_protocol_version",
  "stacktrace",
  "send_progress_in_http_headers",
  "http_headers_progress_interval_ms",
  "http_response_buffer_size",
]);
const SETTING_NAME = /^[A-Za-z_]\w*$/;
/** Longest SQL text of strangers, in bytes; ClickHouse's own default for `max_query_size` is 256 KiB. */
const MAX_SQL_BYTES = 1_048_576;

/** The URL of a request. @throws InterfaceError when it is none */
export function readUrl(request: IncomingMessage): URL {
  try {
    return new URL(request.url ?? "/", "http://clickhouse");
  } catch {
    throw new InterfaceError(62, "SYNTAX_ERROR", 400, "the request's target is no URL");
  }
}

/**
 * Reads a request of ClickHouse's HTTP interface.
 * @throws InterfaceError for what this interface does not serve.
 */
export async function readQueryRequest(
  request: IncomingMessage,
  url: URL,
  maxSqlBytes = MAX_SQL_BYTES,
): Promise<QueryRequest> {
  const parameters = url.searchParams;
  if (parameters.get("decompress") === "1") {
    throw new InterfaceError(
      48,
      "NOT_IMPLEMENTED",
      501,
      "compressed Native bodies (decompress=1) are not served; send the body plain or with Content-Encoding: gzip",
    );
  }
  if (request.headers["content-type"]?.startsWith("multipart/form-data") === true) {
    throw new InterfaceError(
      48,
      "NOT_IMPLEMENTED",
      501,
      "multipart requests are not served; send parameters as param_<name> in the URL",
    );
  }
  const sqlInUrl = parameters.get("query") ?? "";
  const sql = sqlInUrl === "" ? await readText(request, maxSqlBytes) : sqlInUrl;
  const hasBody = sqlInUrl !== "" && request.method === "POST" && /^\s*insert\b/i.test(sqlInUrl);
  return {
    queryId: parameters.get("query_id") ?? crypto.randomUUID(),
    sql,
    format: parameters.get("default_format") ?? headerText(request, "x-clickhouse-format") ?? "TabSeparated",
    database: parameters.get("database") ?? headerText(request, "x-clickhouse-database"),
    params: readParams(parameters),
    settings: readSettings(parameters),
    body: hasBody ? decompress(request) : null,
  };
}

/** The body, unpacked. What is wrong with it is an error of the returned stream only. */
function decompress(request: IncomingMessage): Readable {
  const encoding = request.headers["content-encoding"] ?? "identity";
  if (encoding === "identity") return request;
  const create = DECOMPRESSORS[encoding];
  if (create === undefined) {
    throw new InterfaceError(
      48,
      "NOT_IMPLEMENTED",
      501,
      `Content-Encoding ${encoding} is not served; use gzip, deflate, br or none`,
    );
  }
  const unpacked = create();
  pipeline(request, unpacked, () => {});
  return unpacked;
}

const DECOMPRESSORS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

async function readText(request: IncomingMessage, maxSqlBytes: number): Promise<string> {
  const body = decompress(request);
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of body) {
    const bytes = Buffer.from(chunk as Uint8Array);
    sizeBytes += bytes.length;
    if (sizeBytes > maxSqlBytes) {
      throw new InterfaceError(62, "SYNTAX_ERROR", 413, `the query is longer than ${maxSqlBytes} bytes`);
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function readParams(parameters: URLSearchParams): Record<string, string> {
  const params: Record<string, string> = {};
  for (const [name, value] of parameters) if (name.startsWith("param_")) params[name.slice("param_".length)] = value;
  return params;
}

function readSettings(parameters: URLSearchParams): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const [name, value] of parameters) {
    if (CONTROL_PARAMETERS.has(name) || name.startsWith("param_")) continue;
    if (!SETTING_NAME.test(name))
      throw new InterfaceError(115, "UNKNOWN_SETTING", 404, `${JSON.stringify(name)} is no name of a setting`);
    settings[name] = value;
  }
  return settings;
}

function headerText(request: IncomingMessage, name: string): string | null {
  const value = request.headers[name];
  return typeof value === "string" && value !== "" ? value : null;
}
