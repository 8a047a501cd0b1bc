import type { Server } from "node:http";
import {
  createOtlpGrpcReceiver,
  createOtlpHttpReceiver,
  InFlightLimit,
  type Ingest,
  type Logger,
  type OtlpGrpcReceiver,
  type ReceiverOptions,
  type RequestCounts,
  type TlsIdentity,
} from "@spancost/collector";
import type { ServerConfig } from "./config/load-config.ts";
import type { IngestToken } from "./config/load-ingest-tokens.ts";
import { createAuthenticateSender } from "./http/authenticate-sender.ts";

/** Both OTLP receivers, not listening yet. */
export interface Receivers {
  readonly http: Server;
  readonly grpc: OtlpGrpcReceiver;
  readonly counts: { readonly http: RequestCounts; readonly grpc: RequestCounts };
}

/** What the receivers need that is in files. */
export interface SecretFiles {
  readonly tls: TlsIdentity | null;
  readonly ingestTokens: readonly IngestToken[];
}

export function createReceivers(
  config: ServerConfig,
  ingest: Ingest,
  { tls, ingestTokens }: SecretFiles,
  logger: Logger,
): Receivers {
  const shared: Omit<ReceiverOptions, "counts"> = {
    accept: ingest.accept,
    authenticate: createAuthenticateSender({
      token: config.token ?? null,
      adminToken: config.adminToken ?? null,
      ingestTokens,
    }),
    maxBodyBytes: config.maxBodyBytes,
    maxConnections: config.maxConnections,
    inFlight: new InFlightLimit(config.maxConcurrentRequests),
    tls,
    logger,
  };
  const counts = { http: new Map<string, number>(), grpc: new Map<string, number>() };
  return {
    http: createOtlpHttpReceiver({ ...shared, counts: counts.http }),
    grpc: createOtlpGrpcReceiver({ ...shared, counts: counts.grpc }),
    counts,
  };
}
