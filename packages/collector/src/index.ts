export { OtlpDecodeError } from "./otlp/otlp-decode-error.ts";
export { Ingest, type IngestCounters, type IngestOptions } from "./pipeline/ingest.ts";
export { createOtlpHttpReceiver, type OtlpHttpOptions, type RequestCounts } from "./receiver/otlp-http.ts";
