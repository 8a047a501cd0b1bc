export { OtlpDecodeError } from "./otlp/otlp-decode-error.ts";
export { Ingest, type IngestCounters, type IngestOptions } from "./pipeline/ingest.ts";
export { type PriceColumns, repriceColumns } from "./pipeline/price-columns.ts";
export { createOtlpHttpReceiver, type OtlpHttpOptions, type RequestCounts } from "./receiver/otlp-http.ts";
