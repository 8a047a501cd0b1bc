import { type AttributionResolver, runAttributed } from "../run-attributed.ts";
import { bindMessage } from "./bind-message.ts";
import type { IncomingRequest } from "./incoming-request.ts";
import { receiveRequest } from "./receive-request.ts";
import { choosePeerTrust } from "./trusted-peers-default.ts";

/** Options of every middleware. */
export interface AttributionMiddlewareOptions {
  /**
   * Addresses and CIDR ranges whose unsigned attribution, found by `AttributionPropagator`, is believed; the socket's address counts, never a header.
   * @default what `configureAttribution` was given, else none
   */
  readonly trustedPeers?: readonly string[] | undefined;
  /** Milliseconds that a request waits for its resolver, before it goes on unattributed. @default 10000 */
  readonly resolveTimeoutMs?: number | undefined;
}

/** A request as a framework hands it to a middleware. */
interface ServedRequest<Request> {
  readonly incoming: IncomingRequest | undefined;
  /** What the resolver gets. */
  readonly request: Request;
  /** Request and response of node:http, where there are any. */
  readonly messages?: readonly unknown[];
}

/** Runs the rest of a request in its attribution. */
export type ServeRequest<Request> = <T>(served: ServedRequest<Request>, rest: () => T | Promise<T>) => T | Promise<T>;

const NOBODY = (): undefined => undefined;

/**
 * Creates what all middleware does: takes in what the request came with, resolves who it belongs to, opens a scope and runs the rest in it exactly
 * once. What the resolver says wins over what came in.
 */
export function createServeRequest<Request>(
  resolve: AttributionResolver<Request> = NOBODY,
  { trustedPeers, resolveTimeoutMs }: AttributionMiddlewareOptions = {},
): ServeRequest<Request> {
  const trust = choosePeerTrust(trustedPeers);
  return ({ incoming, request, messages = [] }, rest) => {
    const runRest = (): ReturnType<typeof rest> => {
      for (const message of messages) bindMessage(message);
      return rest();
    };
    const run = (): ReturnType<typeof rest> => runAttributed(resolve, request, runRest, resolveTimeoutMs);
    return incoming === undefined ? run() : receiveRequest(incoming, trust, run);
  };
}
