import { bindBody } from "./middleware/bind-body.ts";
import { readIncomingRequest } from "./middleware/incoming-request.ts";
import { type AttributionMiddlewareOptions, createServeRequest } from "./middleware/serve-request.ts";
import type { AttributionResolver } from "./run-attributed.ts";

export type { AttributionMiddlewareOptions };

/** What of Koa's context is used. */
export interface KoaContext {
  readonly req: object;
  readonly res: object;
  readonly body?: unknown;
}

/**
 * Creates a Koa middleware that runs the rest of each request inside the attribution that `resolve` gives, and what it answers with, which Koa reads
 * after all middleware has ended. Put it behind authentication, and resolve from what that found, never from what a client merely claims.
 */
export function attribution<Context extends KoaContext>(
  resolve?: AttributionResolver<Context>,
  options?: AttributionMiddlewareOptions,
): (context: Context, next: () => Promise<unknown>) => Promise<void> {
  const serve = createServeRequest(resolve, options);
  return async (context, next) => {
    const { req, res } = context;
    await serve({ incoming: readIncomingRequest(req), request: context, messages: [req, res] }, async () => {
      await next();
      bindBody(context.body);
    });
  };
}
