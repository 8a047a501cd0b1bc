import type { IncomingMessage } from "node:http";
import { readIncomingRequest } from "./middleware/incoming-request.ts";
import { type AttributionMiddlewareOptions, createServeRequest } from "./middleware/serve-request.ts";
import type { AttributionResolver } from "./run-attributed.ts";

export type { AttributionMiddlewareOptions };

/**
 * Creates a function that wraps a request listener of `http.createServer`, or of `http2.createServer` with its compatibility API, so that each request runs
 * inside the attribution that `resolve` gives. With a resolver that is async, the listener is called later than the request came in.
 */
export function attribution<Request extends object = IncomingMessage>(
  resolve?: AttributionResolver<Request>,
  options?: AttributionMiddlewareOptions,
): <Response extends object, Result>(
  listener: (request: Request, response: Response) => Result,
) => (request: Request, response: Response) => Result | Promise<Result> {
  const serve = createServeRequest(resolve, options);
  return (listener) => (request, response) =>
    serve({ incoming: readIncomingRequest(request), request, messages: [request, response] }, () =>
      listener(request, response),
    );
}
