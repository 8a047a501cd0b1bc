import { createServer, type RequestListener, type Server, type ServerOptions } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";

/** What a listener shows of itself, as PEM. */
export interface TlsIdentity {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Only callers with a certificate of this authority get in; null lets in everybody. */
  readonly clientCa: Buffer | null;
}

/** What one listener puts up with. */
export interface HttpLimits {
  /** Connections at once; further ones are closed. */
  readonly maxConnections: number;
  /** How long a connection may be idle between requests. */
  readonly keepAliveTimeoutMs: number;
  /** How long a connection may take for a request's headers. */
  readonly headersTimeoutMs: number;
  /** How long a connection may take for a whole request. */
  readonly requestTimeoutMs: number;
}

const DEFAULT_HTTP_LIMITS: HttpLimits = {
  maxConnections: 2_000,
  // Whoever closes an idle connection first must be the client, or a request is lost on it now and then. Go's clients and the
  // OpenTelemetry Collector keep one for 90 s, load balancers up to 600 s.
  keepAliveTimeoutMs: 620_000,
  headersTimeoutMs: 10_000,
  // 20 MiB at 3 Mbit/s.
  requestTimeoutMs: 60_000,
};

const MAX_HEADER_BYTES = 16 * 1024;
const MAX_HEADERS = 100;
const TLS_HANDSHAKE_TIMEOUT_MS = 10_000;
/** A peer that vanished is noticed by TCP, for the idle timeout is long. */
const TCP_KEEP_ALIVE_DELAY_MS = 60_000;
/** Node looks for connections that are too slow this often. */
const MAX_CHECK_INTERVAL_MS = 5_000;

/** An HTTP server, over TLS when there is an identity, which slow or many callers cannot hold. */
export function createHttpListener(
  handler: RequestListener,
  tls: TlsIdentity | null,
  limits: Partial<HttpLimits> = {},
): Server | TlsServer {
  const { maxConnections, keepAliveTimeoutMs, headersTimeoutMs, requestTimeoutMs } = {
    ...DEFAULT_HTTP_LIMITS,
    ...limits,
  };
  const options: ServerOptions = {
    keepAlive: true,
    keepAliveInitialDelay: TCP_KEEP_ALIVE_DELAY_MS,
    keepAliveTimeout: keepAliveTimeoutMs,
    headersTimeout: Math.min(headersTimeoutMs, requestTimeoutMs),
    requestTimeout: requestTimeoutMs,
    connectionsCheckingInterval: Math.min(MAX_CHECK_INTERVAL_MS, headersTimeoutMs),
    maxHeaderSize: MAX_HEADER_BYTES,
    noDelay: true,
  };
  const server =
    tls === null ? createServer(options, handler) : createTlsServer({ ...options, ...toTlsOptions(tls) }, handler);
  server.maxConnections = maxConnections;
  server.maxHeadersCount = MAX_HEADERS;
  return server;
}

function toTlsOptions({ cert, key, clientCa }: TlsIdentity) {
  const identity = { cert, key, handshakeTimeout: TLS_HANDSHAKE_TIMEOUT_MS };
  return clientCa === null ? identity : { ...identity, ca: clientCa, requestCert: true, rejectUnauthorized: true };
}
