import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { ExportOutcome } from "../accept-export.ts";
import {
  type EncodedResponse,
  encodeExportResponse,
  encodeStatus,
  type OtlpEncoding,
} from "../otlp/encode-response.ts";
import { createHttpListener, type HttpLimits } from "./create-http-listener.ts";
import { checkRequest, readEncoding } from "./check-request.ts";
import { freeBytes } from "./free-bytes.ts";
import { collectBody, readBody, readContentLength } from "./read-body.ts";
import { countRequest, type ReceiverOptions } from "./receiver-options.ts";
import { createBusyError, RequestError, toRequestError } from "./request-error.ts";

/** Options of the OTLP/HTTP receiver. */
export interface OtlpHttpOptions extends ReceiverOptions {
  readonly limits?: Partial<Omit<HttpLimits, "maxConnections">>;
}

/** The rest of a refused body that is awaited, so that the connection can be used again. */
const MAX_DISCARDED_BYTES = 1024 * 1024;
/** A sender of a longer one may still be sending; this long its bytes are thrown away, so that it can read the answer. */
const DISCARD_MS = 5_000;

/**
 * An OTLP/HTTP receiver for traces: `POST /v1/traces`, protobuf or JSON, gzip or plain. It acknowledges what is durable. Metrics and
 * logs are accepted and ignored.
 * @see https://opentelemetry.io/docs/specs/otlp/ 1.7
 */
export function createOtlpHttpReceiver(options: OtlpHttpOptions): Server {
  const { accept, authenticate, maxBodyBytes, inFlight, counts, logger } = options;
  const limits = { ...options.limits, maxConnections: options.maxConnections };
  const server = createHttpListener((request, response) => void handle(request, response), options.tls, limits);
  server.on("drop", () => countRequest(counts, "connection-refused"));
  return server;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const encoding = readEncoding(request) ?? "json";
    try {
      const { signal, sender } = checkRequest(request, authenticate);
      if (!inFlight.tryEnter()) throw createBusyError(inFlight.max);
      try {
        if (signal === "ignored") {
          await collectBody(request, maxBodyBytes);
          send(response, 200, encodeExportResponse(encoding, 0, ""));
        } else {
          const body = await readBody(request, maxBodyBytes);
          answer(response, encoding, await accept({ body, encoding, sender }));
          freeBytes(body);
        }
      } finally {
        inFlight.leave();
      }
    } catch (error) {
      refuse(request, response, encoding, toLoggedError(error));
    }
  }

  function answer(response: ServerResponse, encoding: OtlpEncoding, outcome: ExportOutcome): void {
    if (outcome.ok) {
      send(response, 200, encodeExportResponse(encoding, outcome.rejectedSpans, outcome.message));
      return;
    }
    const { reason, message, retryAfterSeconds } = outcome;
    sendError(response, encoding, new RequestError(reason, message, retryAfterSeconds));
  }

  function toLoggedError(error: unknown): RequestError {
    const known = toRequestError(error);
    if (known.reason === "internal") logger.error({ err: error }, "an OTLP/HTTP request failed");
    return known;
  }

  function refuse(
    request: IncomingMessage,
    response: ServerResponse,
    encoding: OtlpEncoding,
    error: RequestError,
  ): void {
    if (response.headersSent || (request.destroyed && !request.complete)) {
      response.destroy();
      countRequest(counts, "aborted");
      return;
    }
    if (!request.complete) discardRest(request, response);
    if (error.reason === "unauthenticated") response.setHeader("WWW-Authenticate", "Bearer");
    if (error.reason === "method-not-allowed") response.setHeader("Allow", "POST");
    sendError(response, encoding, error);
  }

  function sendError(response: ServerResponse, encoding: OtlpEncoding, error: RequestError): void {
    if (error.retryAfterSeconds !== null) response.setHeader("Retry-After", String(error.retryAfterSeconds));
    send(response, error.httpStatus, encodeStatus(encoding, error.rpcCode, error.message));
  }

  function send(response: ServerResponse, status: number, encoded: EncodedResponse): void {
    countRequest(counts, String(status));
    // A receiver that is being stopped would otherwise wait for the senders to let go.
    if (!server.listening) response.setHeader("Connection", "close");
    response
      .writeHead(status, { "Content-Type": encoded.contentType, "Content-Length": encoded.body.length })
      .end(encoded.body);
  }
}

function discardRest(request: IncomingMessage, response: ServerResponse): void {
  request.on("error", () => {});
  request.resume();
  if ((readContentLength(request) ?? Infinity) <= MAX_DISCARDED_BYTES) return;
  response.setHeader("Connection", "close");
  setTimeout(() => request.socket.destroy(), DISCARD_MS).unref();
}
