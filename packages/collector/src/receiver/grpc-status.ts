import { Metadata, type StatusObject } from "@grpc/grpc-js";
import { encodeRetryStatus } from "../otlp/encode-response.ts";
import type { RequestError } from "./request-error.ts";

/** Trailers are limited; HTTP/2 clients take 8 KiB of headers at the least. */
const MAX_MESSAGE_LENGTH = 1_000;

/** A refusal as gRPC tells it, with RetryInfo when the sender should try again. */
export function toGrpcStatus(error: RequestError): StatusObject {
  // A lone surrogate, as a cut leaves, cannot be put into a trailer.
  const details = error.message.slice(0, MAX_MESSAGE_LENGTH).toWellFormed();
  const metadata = new Metadata();
  if (error.retryAfterSeconds !== null) {
    metadata.set("grpc-status-details-bin", encodeRetryStatus(error.rpcCode, details, error.retryAfterSeconds));
  }
  return { code: error.rpcCode, details, metadata };
}
