export {
  type AcceptExport,
  type ExportOutcome,
  type ExportRequest,
  type Sender,
  UNBOUND_SENDER,
} from "./accept-export.ts";
export type { LogFields, Logger } from "./logger.ts";
export { OtlpDecodeError } from "./otlp/otlp-decode-error.ts";
export { Ingest, type IngestCounters, type IngestOptions } from "./pipeline/ingest.ts";
export { type PriceColumns, repriceColumns } from "./pipeline/price-columns.ts";
export { acceptWithIngest } from "./receiver/accept-with-ingest.ts";
export type { Authenticate, Authentication, Caller } from "./receiver/authenticate.ts";
export { createHttpListener, type HttpLimits, type TlsIdentity } from "./receiver/create-http-listener.ts";
export { InFlightLimit } from "./receiver/in-flight-limit.ts";
export { createOtlpGrpcReceiver, type OtlpGrpcOptions, type OtlpGrpcReceiver } from "./receiver/otlp-grpc.ts";
export { createOtlpHttpReceiver, type OtlpHttpOptions } from "./receiver/otlp-http.ts";
export type { ReceiverOptions, RequestCounts } from "./receiver/receiver-options.ts";
