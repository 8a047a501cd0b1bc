import { type AttributionResolver, runAttributed } from "./run-attributed.ts";

/**
 * Creates a Hono middleware that runs the rest of each request inside the attribution that `resolve` gives. Put it behind
 * authentication, and resolve from what that found, never from what a client merely claims.
 */
export function attribution<Context>(
  resolve: AttributionResolver<Context>,
): (context: Context, next: () => Promise<void>) => Promise<void> {
  return async (context, next) => runAttributed(resolve, context, next);
}
