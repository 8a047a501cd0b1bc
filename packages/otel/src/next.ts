import { bindBody } from "./middleware/bind-body.ts";
import { readIncomingRequest } from "./middleware/incoming-request.ts";
import { type AttributionMiddlewareOptions, createServeRequest } from "./middleware/serve-request.ts";
import type { AttributionResolver } from "./run-attributed.ts";

/** Next shows a handler no socket, so no peer can be trusted here. */
export type NextAttributionOptions = Omit<AttributionMiddlewareOptions, "trustedPeers">;

const NO_PEERS: readonly string[] = [];

/**
 * Creates a function that wraps a route handler, `proxy` or `middleware`, or a server action of Next.js, so that it runs inside the attribution that `resolve`
 * gives, and so does a body that is streamed after the handler has ended. The resolver gets the first argument.
 */
export function attribution<First = Request>(
  resolve?: AttributionResolver<First>,
  options?: NextAttributionOptions,
): <Rest extends readonly unknown[], Result>(
  handler: (...args: [First, ...Rest]) => Result | Promise<Result>,
) => (...args: [First, ...Rest]) => Promise<Result> {
  const serve = createServeRequest(resolve, { ...options, trustedPeers: NO_PEERS });
  return function wrap<Rest extends readonly unknown[], Result>(
    handler: (...args: [First, ...Rest]) => Result | Promise<Result>,
  ) {
    return async (...args: [First, ...Rest]) =>
      serve({ incoming: readIncomingRequest(args[0]), request: args[0] }, async () => {
        const result = await handler(...args);
        bindBody(result);
        return result;
      });
  };
}
