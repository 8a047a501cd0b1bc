import { readIncomingRequest } from "./middleware/incoming-request.ts";
import { type AttributionMiddlewareOptions, createServeRequest } from "./middleware/serve-request.ts";
import type { AttributionResolver } from "./run-attributed.ts";

export type { AttributionMiddlewareOptions };

/**
 * Creates an Express middleware (4 and 5) that runs the rest of each request inside the attribution that `resolve` gives. Put it behind
 * authentication, and resolve from what that found, never from what a client merely claims.
 */
export function attribution<Request>(
  resolve?: AttributionResolver<Request>,
  options?: AttributionMiddlewareOptions,
): (request: Request, response: unknown, next: (error?: unknown) => void) => void {
  const serve = createServeRequest(resolve, options);
  return (request, response, next) => {
    const served = { incoming: readIncomingRequest(request), request, messages: [request, response] };
    const rest = serve(served, () => next());
    // A rejection here is what `next` threw; Express hands an error thrown by a middleware to `next` too.
    if (rest instanceof Promise) rest.catch((error: unknown) => next(error));
  };
}
