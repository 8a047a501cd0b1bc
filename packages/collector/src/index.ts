export {
  type AcceptExport,
  type ExportOutcome,
  type ExportRequest,
  type Sender,
  UNBOUND_SENDER,
} from "./accept-export.ts";
export { Ingest, type IngestOptions } from "./ingest/ingest.ts";
export type { IngestCounters } from "./ingest/ingest-counters.ts";
export type { LogFields, Logger } from "./logger.ts";
export { OtlpDecodeError } from "./otlp/otlp-decode-error.ts";
export { type PriceColumns, repriceColumns } from "./pipeline/price-columns.ts";
export type { Authenticate, Authentication, Caller } from "./receiver/authenticate.ts";
export { createHttpListener, type HttpLimits, type TlsIdentity } from "./receiver/create-http-listener.ts";
export { InFlightLimit } from "./receiver/in-flight-limit.ts";
export { createOtlpGrpcReceiver, type OtlpGrpcOptions, type OtlpGrpcReceiver } from "./receiver/otlp-grpc.ts";
export { createOtlpHttpReceiver, type OtlpHttpOptions } from "./receiver/otlp-http.ts";
export type { ReceiverOptions, RequestCounts } from "./receiver/receiver-options.ts";
export { DISK, type Disk } from "./spool/disk.ts";
export { Inserter, type InserterCounters, type InserterOptions, type InsertTarget } from "./spool/inserter.ts";
export { Spool, type SpoolOptions } from "./spool/spool.ts";
