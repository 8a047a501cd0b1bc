import type { ReceivedRequest } from "../../../simulator/src/index.ts";

/** Differs between two runs of the same call. */
const VOLATILE_HEADERS: readonly string[] = [
  "host",
  ":authority",
  "idempotency-key",
  "authorization",
  "amz-sdk-invocation-id",
  "x-amz-date",
];
/** Differs where a wish for usage is added to the body: its length, and the encoding in which the answer can be read on its way. */
const WISH_HEADERS: readonly string[] = ["content-length", "accept-encoding"];

/** A request as it arrived at the provider, without what differs between two runs, and what a wish for usage changes. */
export function toRequestView({ method, path, headers, status }: ReceivedRequest, mayWish: boolean) {
  const volatile = new Set(mayWish ? [...VOLATILE_HEADERS, ...WISH_HEADERS] : VOLATILE_HEADERS);
  const lasting = Object.entries(headers).filter(([name]) => !volatile.has(name));
  return { method, path, status, headers: Object.fromEntries(lasting) };
}
