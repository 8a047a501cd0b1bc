import { bindBody } from "./middleware/bind-body.ts";
import { readIncomingRequest } from "./middleware/incoming-request.ts";
import { type AttributionMiddlewareOptions, createServeRequest } from "./middleware/serve-request.ts";
import type { AttributionResolver } from "./run-attributed.ts";

export type { AttributionMiddlewareOptions };

/** What of Hono's context is used; `env` has node:http's request and response in `@hono/node-server`. */
export interface HonoContext {
  readonly req: { readonly raw: object };
  readonly res: object;
  readonly finalized: boolean;
  readonly env?: unknown;
}

/**
 * Creates a Hono middleware that runs the rest of each request inside the attribution that `resolve` gives, and a body that is streamed after the handler
 * has ended. Put it behind authentication, and resolve from what that found, never from what a client merely claims.
 */
export function attribution<Context extends HonoContext>(
  resolve?: AttributionResolver<Context>,
  options?: AttributionMiddlewareOptions,
): (context: Context, next: () => Promise<void>) => Promise<void> {
  const serve = createServeRequest(resolve, options);
  return async (context, next) => {
    const { incoming, outgoing } = readNodeMessages(context.env);
    const served = {
      incoming: readIncomingRequest(incoming ?? context.req.raw),
      request: context,
      messages: [incoming, outgoing],
    };
    await serve(served, async () => {
      await next();
      if (context.finalized) bindBody(findStreamedBody(context.res));
    });
  };
}

function readNodeMessages(env: unknown): { readonly incoming?: unknown; readonly outgoing?: unknown } {
  return typeof env === "object" && env !== null ? env : {};
}

/**
 * `@hono/node-server` (2.x) has a `Response` of its own that keeps what it was made of under a symbol named "cache" and sends that directly; asking it for
 * `body` would make a real `Response` of every text. Where there is no such thing, `body` is the way.
 */
function findStreamedBody(response: object): unknown {
  for (const symbol of Object.getOwnPropertySymbols(response)) {
    if (symbol.description !== "cache") continue;
    const cache: unknown = Reflect.get(response, symbol);
    if (Array.isArray(cache)) return cache[1];
  }
  return "body" in response ? response.body : undefined;
}
