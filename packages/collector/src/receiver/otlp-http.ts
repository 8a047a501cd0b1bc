import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { decodeJson } from "../otlp/decode-json.ts";
import { decodeProtobuf } from "../otlp/decode-protobuf.ts";
import {
  type EncodedResponse,
  encodeExportResponse,
  encodeStatus,
  type OtlpEncoding,
  RPC_CODE,
} from "../otlp/encode-response.ts";
import { OtlpDecodeError } from "../otlp/otlp-decode-error.ts";
import type { OtlpSpan } from "../otlp/trace-data.ts";
import type { Ingest } from "../pipeline/ingest.ts";
import { readBody } from "./read-body.ts";
import { RequestError } from "./request-error.ts";

/** Options of the OTLP/HTTP receiver. */
export interface OtlpHttpOptions {
  /** Whether a request may be answered: it carries the token, or none is needed. */
  readonly authorize: (request: IncomingMessage) => boolean;
  /** Largest body, in bytes, packed or unpacked. */
  readonly maxBodyBytes: number;
}

/** Requests by outcome since the start, for metrics. */
export type RequestCounts = Map<string, number>;

const RETRY_AFTER_SECONDS = 1;
/** A sender of a body that was refused may still be sending; this long its bytes are thrown away, so that it can read the answer. */
const DISCARD_MS = 5_000;
const RPC_CODE_BY_STATUS: Readonly<Record<number, number>> = {
  401: RPC_CODE.unauthenticated,
  404: RPC_CODE.notFound,
  413: RPC_CODE.resourceExhausted,
  503: RPC_CODE.unavailable,
};

/**
 * An OTLP/HTTP receiver for traces: `POST /v1/traces`, protobuf or JSON, gzip or plain. It acknowledges what is durable. Metrics and
 * logs are accepted and ignored.
 */
export function createOtlpHttpReceiver(ingest: Ingest, options: OtlpHttpOptions, counts: RequestCounts): Server {
  return createServer((request, response) => {
    void handle(request, response);
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const encoding = readEncoding(request) ?? "json";
    try {
      const signal = checkRequest(request, options.authorize);
      if (signal === "ignored") {
        await readBody(request, options.maxBodyBytes);
        send(response, 200, encodeExportResponse(encoding, 0, ""));
        return;
      }
      const spans = decode(await readBody(request, options.maxBodyBytes), encoding);
      await answer(response, encoding, spans);
    } catch (error) {
      refuse(request, response, encoding, toRequestError(error));
    }
  }

  async function answer(response: ServerResponse, encoding: OtlpEncoding, spans: readonly OtlpSpan[]): Promise<void> {
    const result = await ingest.write(spans);
    if (!result.ok) {
      response.setHeader("Retry-After", String(RETRY_AFTER_SECONDS));
      send(response, 503, encodeStatus(encoding, RPC_CODE.unavailable, result.message));
      return;
    }
    const rejected = [...result.rejected.values()].reduce((sum, count) => sum + count, 0);
    const reasons = [...result.rejected].map(([issue, count]) => `${issue}: ${count}`).join(", ");
    const message =
      rejected === 0 ? "" : `${rejected} spans were rejected (${reasons}). They will not be accepted later either.`;
    send(response, 200, encodeExportResponse(encoding, rejected, message));
  }

  function refuse(
    request: IncomingMessage,
    response: ServerResponse,
    encoding: OtlpEncoding,
    error: RequestError,
  ): void {
    if (!request.complete) discardRest(request, response);
    if (error.status === 401) response.setHeader("WWW-Authenticate", "Bearer");
    send(
      response,
      error.status,
      encodeStatus(encoding, RPC_CODE_BY_STATUS[error.status] ?? RPC_CODE.invalidArgument, error.message),
    );
  }

  function send(response: ServerResponse, status: number, encoded: EncodedResponse): void {
    counts.set(String(status), (counts.get(String(status)) ?? 0) + 1);
    response
      .writeHead(status, { "Content-Type": encoded.contentType, "Content-Length": encoded.body.length })
      .end(encoded.body);
  }
}

/** Signals that stock SDKs send to the same endpoint: taken, so that they report no errors, and thrown away. */
const IGNORED_PATHS: ReadonlySet<string> = new Set(["/v1/metrics", "/v1/logs"]);

function checkRequest(request: IncomingMessage, authorize: OtlpHttpOptions["authorize"]): "traces" | "ignored" {
  if (!authorize(request)) {
    throw new RequestError(
      401,
      "This receiver needs its token, as Authorization: Bearer <token>; one without a token must be addressed as 127.0.0.1 or localhost.",
    );
  }
  const path = readPath(request);
  const isIgnored = IGNORED_PATHS.has(path);
  if (path !== "/v1/traces" && !isIgnored)
    throw new RequestError(404, `${path} is not served here; traces go to /v1/traces.`);
  if (request.method !== "POST")
    throw new RequestError(405, `${request.method ?? "This method"} is not supported on ${path}; use POST.`);
  if (readEncoding(request) === null) {
    const value = JSON.stringify(request.headers["content-type"] ?? "");
    throw new RequestError(
      415,
      `Content-Type ${value} is not supported; send application/x-protobuf or application/json.`,
    );
  }
  return isIgnored ? "ignored" : "traces";
}

function readPath(request: IncomingMessage): string {
  try {
    return new URL(request.url ?? "/", "http://receiver").pathname;
  } catch {
    throw new RequestError(400, "The request's target is no URL; traces go to /v1/traces.");
  }
}

function readEncoding(request: IncomingMessage): OtlpEncoding | null {
  const type = (request.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase();
  if (type === "application/x-protobuf" || type === "application/protobuf") return "protobuf";
  return type === "application/json" ? "json" : null;
}

function decode(body: Uint8Array, encoding: OtlpEncoding): OtlpSpan[] {
  return encoding === "protobuf"
    ? decodeProtobuf(body)
    : decodeJson(Buffer.from(body.buffer, body.byteOffset, body.length).toString("utf8"));
}

function toRequestError(error: unknown): RequestError {
  if (error instanceof RequestError) return error;
  if (error instanceof OtlpDecodeError) return new RequestError(400, error.message);
  return new RequestError(500, `The request failed: ${error instanceof Error ? error.message : String(error)}`);
}

function discardRest(request: IncomingMessage, response: ServerResponse): void {
  response.setHeader("Connection", "close");
  request.on("error", () => {});
  request.resume();
  setTimeout(() => request.socket.destroy(), DISCARD_MS).unref();
}
