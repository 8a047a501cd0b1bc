import { status as RPC_CODE } from "@grpc/grpc-js";
import { OtlpDecodeError } from "../otlp/otlp-decode-error.ts";

/** Why a request is refused, as HTTP and gRPC say it. */
const REFUSALS = {
  damaged: { httpStatus: 400, rpcCode: RPC_CODE.INVALID_ARGUMENT },
  unauthenticated: { httpStatus: 401, rpcCode: RPC_CODE.UNAUTHENTICATED },
  forbidden: { httpStatus: 403, rpcCode: RPC_CODE.PERMISSION_DENIED },
  "not-found": { httpStatus: 404, rpcCode: RPC_CODE.NOT_FOUND },
  "method-not-allowed": { httpStatus: 405, rpcCode: RPC_CODE.UNIMPLEMENTED },
  "too-slow": { httpStatus: 408, rpcCode: RPC_CODE.DEADLINE_EXCEEDED },
  "too-large": { httpStatus: 413, rpcCode: RPC_CODE.RESOURCE_EXHAUSTED },
  "unsupported-encoding": { httpStatus: 415, rpcCode: RPC_CODE.INVALID_ARGUMENT },
  busy: { httpStatus: 429, rpcCode: RPC_CODE.RESOURCE_EXHAUSTED },
  internal: { httpStatus: 500, rpcCode: RPC_CODE.INTERNAL },
  unavailable: { httpStatus: 503, rpcCode: RPC_CODE.UNAVAILABLE },
} as const;

export type RefusalReason = keyof typeof REFUSALS;

/** A request that is refused, with a message for its sender. */
export class RequestError extends Error {
  readonly reason: RefusalReason;
  readonly httpStatus: number;
  /** gRPC's codes, which are google.rpc's as well. */
  readonly rpcCode: RPC_CODE;
  /** After how long the sender should send it again; null when it never will be accepted. */
  readonly retryAfterSeconds: number | null;

  constructor(reason: RefusalReason, message: string, retryAfterSeconds: number | null = null) {
    super(message);
    this.name = "RequestError";
    this.reason = reason;
    this.httpStatus = REFUSALS[reason].httpStatus;
    this.rpcCode = REFUSALS[reason].rpcCode;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Any failure as a refusal; what is nobody's known error says nothing of our insides to the sender. */
export function toRequestError(error: unknown): RequestError {
  if (error instanceof RequestError) return error;
  if (error instanceof OtlpDecodeError) return new RequestError("damaged", error.message);
  return new RequestError("internal", "The receiver failed on this request; its log says how.");
}

const BUSY_RETRY_SECONDS = 1;

/** Too many requests are under way. */
export function createBusyError(max: number): RequestError {
  return new RequestError(
    "busy",
    `${max} requests are under way already. Send this one again later; SPANCOST_MAX_CONCURRENT_REQUESTS is the limit.`,
    BUSY_RETRY_SECONDS,
  );
}

/** A body that is larger than what is accepted. */
export function createTooLargeError(what: string, maxBytes: number): RequestError {
  return new RequestError(
    "too-large",
    `The body ${what}; at most ${maxBytes} bytes are accepted, unpacked. Send smaller batches, or raise SPANCOST_MAX_BODY_BYTES.`,
  );
}
