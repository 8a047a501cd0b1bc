import { createPeerTrust, runWithTrustedClaims } from "./boundary/trusted-peers.ts";
import { type AttributionResolver, runAttributed } from "./run-attributed.ts";

/** Options of the middleware. */
export interface AttributionMiddlewareOptions {
  /** Addresses and CIDR ranges whose unsigned attribution, found by `AttributionPropagator`, is believed. @default none */
  readonly trustedPeers?: readonly string[] | undefined;
}

/**
 * Creates an Express middleware (4 and 5) that runs the rest of each request inside the attribution that `resolve` gives. Put it
 * behind authentication and body parsers, and resolve from what those found, never from what a client merely claims.
 */
export function attribution<Request>(
  resolve: AttributionResolver<Request>,
  options: AttributionMiddlewareOptions = {},
): (request: Request, response: unknown, next: (error?: unknown) => void) => void {
  const trust = createPeerTrust(options.trustedPeers ?? []);
  return (request, _response, next) => {
    const rest = runWithTrustedClaims(trust, readPeerAddress(request), () => runAttributed(resolve, request, next));
    // A rejection here is what `next` threw; Express hands an error thrown by a middleware to `next` too.
    if (rest instanceof Promise) rest.catch((error: unknown) => next(error));
  };
}

/** The socket's own address: `request.ip` may be what a client wrote into a header. */
function readPeerAddress(request: unknown): string | undefined {
  if (typeof request !== "object" || request === null || !("socket" in request)) return undefined;
  const { socket } = request;
  if (typeof socket !== "object" || socket === null || !("remoteAddress" in socket)) return undefined;
  return typeof socket.remoteAddress === "string" ? socket.remoteAddress : undefined;
}
