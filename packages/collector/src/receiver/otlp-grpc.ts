import { createServer, type Server as NetServer, type Socket } from "node:net";
import { type handleUnaryCall, Server, ServerCredentials, type ServerUnaryCall } from "@grpc/grpc-js";
import { encodeExportResponse } from "../otlp/encode-response.ts";
import { createCallAdmission } from "./admit-calls.ts";
import type { TlsIdentity } from "./create-http-listener.ts";
import { freeBytes } from "./free-bytes.ts";
import { IGNORED_SERVICES, TRACE_SERVICE } from "./grpc-services.ts";
import { toGrpcStatus } from "./grpc-status.ts";
import { countRequest, type ReceiverOptions } from "./receiver-options.ts";
import { RequestError, toRequestError } from "./request-error.ts";
import { isGzip, unpackGzip } from "./unpack-gzip.ts";

/** Options of the OTLP/gRPC receiver. */
export interface OtlpGrpcOptions extends ReceiverOptions {
  /** How long a call may take for its message. @default 60000 */
  readonly requestTimeoutMs?: number;
}

/** The OTLP/gRPC receiver. */
export interface OtlpGrpcReceiver {
  /** Takes the connections; whoever starts the receiver listens on it. */
  readonly server: NetServer;
  /** Takes no more calls, finishes those under way, and after `timeoutMs` cuts what is left. Idempotent. */
  stop(timeoutMs: number): Promise<void>;
}

const REQUEST_TIMEOUT_MS = 60_000;
const TCP_KEEP_ALIVE_DELAY_MS = 60_000;
const LIMITS = {
  "grpc.max_concurrent_streams": 100,
  // A peer that vanished is found by pings; an idle one is told to go, and comes again when it has something.
  "grpc.keepalive_time_ms": 60_000,
  "grpc.keepalive_timeout_ms": 20_000,
  "grpc.max_connection_idle_ms": 620_000,
} as const;

/** An OTLP/gRPC receiver for traces, gzip or plain. It acknowledges what is durable. Metrics and logs are accepted and ignored. */
export function createOtlpGrpcReceiver(options: OtlpGrpcOptions): OtlpGrpcReceiver {
  const { accept, maxBodyBytes, logger } = options;
  const admission = createCallAdmission(options, options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS);
  const grpc = new Server({
    ...LIMITS,
    "grpc.max_receive_message_length": maxBodyBytes,
    interceptors: [admission.interceptor],
  });
  const exportTraces: handleUnaryCall<Buffer, Buffer> = (call, callback) => {
    receive(call).then(
      (answer) => callback(null, answer),
      (error: unknown) => callback(toGrpcStatus(toLoggedError(error))),
    );
  };
  grpc.addService(TRACE_SERVICE, { Export: exportTraces });
  const ignore: handleUnaryCall<Buffer, Buffer> = (_call, callback) => callback(null, Buffer.alloc(0));
  for (const service of IGNORED_SERVICES) grpc.addService(service, { Export: ignore });
  return listen(grpc, options);

  async function receive(call: ServerUnaryCall<Buffer, Buffer>): Promise<Buffer> {
    const body = isGzip(call.request) ? await unpackGzip(call.request, maxBodyBytes) : call.request;
    const sender = admission.senders.get(call.metadata);
    if (sender === undefined) throw new Error("A call came past its admission.");
    const outcome = await accept({ body, encoding: "protobuf", sender });
    freeBytes(body);
    freeBytes(call.request);
    if (!outcome.ok) throw new RequestError(outcome.reason, outcome.message, outcome.retryAfterSeconds);
    return encodeExportResponse("protobuf", outcome.rejectedSpans, outcome.message).body;
  }

  function toLoggedError(error: unknown): RequestError {
    const known = toRequestError(error);
    if (known.reason === "internal") logger.error({ err: error }, "an OTLP/gRPC request failed");
    return known;
  }
}

/** Puts a listener with limits of ours before the gRPC server, which has none for connections. */
function listen(grpc: Server, { tls, maxConnections, counts }: ReceiverOptions): OtlpGrpcReceiver {
  const injector = grpc.createConnectionInjector(toCredentials(tls));
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: TCP_KEEP_ALIVE_DELAY_MS });
  server.maxConnections = maxConnections;
  server.on("drop", () => countRequest(counts, "connection-refused"));
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket)).on("error", () => {});
    injector.injectConnection(socket);
  });
  let stopped: Promise<void> | undefined;
  return { server, stop: (timeoutMs) => (stopped ??= stop(timeoutMs)) };

  async function stop(timeoutMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => (server.listening ? server.close(() => resolve()) : resolve()));
    const cut = setTimeout(() => {
      grpc.forceShutdown();
      for (const socket of sockets) socket.destroy();
    }, timeoutMs);
    await new Promise<void>((resolve) => grpc.tryShutdown(() => resolve()));
    await closed;
    clearTimeout(cut);
  }
}

function toCredentials(tls: TlsIdentity | null): ServerCredentials {
  if (tls === null) return ServerCredentials.createInsecure();
  const pair = { private_key: tls.key, cert_chain: tls.cert };
  return ServerCredentials.createSsl(tls.clientCa, [pair], tls.clientCa !== null);
}
