import { type AttributionResolver, runAttributed } from "./run-attributed.ts";

/**
 * Creates an Express middleware (4 and 5) that runs the rest of each request inside the attribution that `resolve` gives. Put it
 * behind authentication and body parsers, and resolve from what those found, never from what a client merely claims.
 */
export function attribution<Request>(
  resolve: AttributionResolver<Request>,
): (request: Request, response: unknown, next: (error?: unknown) => void) => void {
  return (request, _response, next) => {
    const rest = runAttributed(resolve, request, next);
    // A rejection here is what `next` threw; Express hands an error thrown by a middleware to `next` too.
    if (rest instanceof Promise) rest.catch((error: unknown) => next(error));
  };
}
