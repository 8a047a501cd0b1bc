import type { AddressInfo, Server } from "node:net";
import { Client, compressionAlgorithms, credentials, type ServiceError } from "@grpc/grpc-js";
import {
  type AcceptExport,
  createOtlpGrpcReceiver,
  createOtlpHttpReceiver,
  type ExportRequest,
  type HttpLimits,
  InFlightLimit,
  type ReceiverOptions,
  UNBOUND_SENDER,
} from "../../src/index.ts";

/** Both receivers on free ports, and what reached their `accept`. */
export interface TestReceivers {
  readonly httpUrl: string;
  readonly grpcAddress: string;
  readonly requests: ExportRequest[];
  readonly httpCounts: Map<string, number>;
  readonly grpcCounts: Map<string, number>;
  readonly inFlight: InFlightLimit;
  readonly logged: string[];
  readonly grpc: ReturnType<typeof createOtlpGrpcReceiver>;
  stop(): Promise<void>;
}

export interface TestOptions extends Partial<ReceiverOptions> {
  readonly limits?: Partial<HttpLimits>;
  readonly requestTimeoutMs?: number;
}

export const TAKEN = { ok: true, rejectedSpans: 0, message: "" } as const;
const STOP_TIMEOUT_MS = 5_000;

export async function startReceivers(options: TestOptions = {}): Promise<TestReceivers> {
  const requests: ExportRequest[] = [];
  const logged: string[] = [];
  const log = (_fields: unknown, message: string): void => void logged.push(message);
  const accept: AcceptExport = async (request) => {
    // The body's memory is given back with the answer.
    requests.push({ ...request, body: Buffer.from(request.body) });
    return options.accept === undefined ? TAKEN : options.accept(request);
  };
  const inFlight = options.inFlight ?? new InFlightLimit(100);
  const shared = {
    authenticate: () => ({ ok: true, sender: UNBOUND_SENDER }) as const,
    maxBodyBytes: 1_000_000,
    maxConnections: 100,
    tls: null,
    logger: { info: log, warn: log, error: log },
    ...options,
    accept,
    inFlight,
  };
  const httpCounts = new Map<string, number>();
  const grpcCounts = new Map<string, number>();
  const http = createOtlpHttpReceiver({ ...shared, counts: httpCounts });
  const grpc = createOtlpGrpcReceiver({ ...shared, counts: grpcCounts });
  const scheme = shared.tls === null ? "http" : "https";
  return {
    httpUrl: `${scheme}://localhost:${await listen(http)}/v1/traces`,
    grpcAddress: `localhost:${await listen(grpc.server)}`,
    requests,
    httpCounts,
    grpcCounts,
    inFlight,
    logged,
    grpc,
    async stop() {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
      await grpc.stop(STOP_TIMEOUT_MS);
    },
  };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  return (server.address() as AddressInfo).port;
}

export const TRACE_PATH = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/** What a call ended with: its answer, or its error. */
export type CallResult = { readonly answer: Buffer } | { readonly error: ServiceError };

export interface CallOptions {
  readonly path?: string;
  readonly gzip?: boolean;
  readonly channel?: ConstructorParameters<typeof Client>[1];
  readonly deadlineMs?: number;
}

/** Sends one message over gRPC. */
export async function callGrpc(address: string, body: Buffer, options: CallOptions = {}): Promise<CallResult> {
  const { path = TRACE_PATH, gzip = false, channel = credentials.createInsecure(), deadlineMs = 20_000 } = options;
  const client = new Client(
    address,
    channel,
    gzip ? { "grpc.default_compression_algorithm": compressionAlgorithms.gzip } : {},
  );
  const keep = (bytes: Buffer): Buffer => bytes;
  try {
    return await new Promise((resolve) => {
      const deadline = Date.now() + deadlineMs;
      client.makeUnaryRequest(path, keep, keep, body, { deadline }, (error, answer) => {
        resolve(error === null ? { answer: answer ?? Buffer.alloc(0) } : { error });
      });
    });
  } finally {
    client.close();
  }
}
