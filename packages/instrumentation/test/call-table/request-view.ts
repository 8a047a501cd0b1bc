import type { ReceivedRequest } from "../../../simulator/src/index.ts";

/** Differs between two runs, or where a wish for usage is added to the body. */
const VOLATILE_HEADERS: ReadonlySet<string> = new Set([
  "host",
  ":authority",
  "content-length",
  "idempotency-key",
  "authorization",
  "amz-sdk-invocation-id",
  "x-amz-date",
  "x-amz-content-sha256",
]);

/** A request as it arrived at the provider, without what differs between two runs of the same call. */
export function toRequestView({ method, path, headers, status }: ReceivedRequest) {
  const lasting = Object.entries(headers).filter(([name]) => !VOLATILE_HEADERS.has(name));
  return { method, path, status, headers: Object.fromEntries(lasting) };
}
