import { type Context, context, createContextKey } from "@opentelemetry/api";
import { bindBody } from "./middleware/bind-body.ts";
import { readIncomingRequest } from "./middleware/incoming-request.ts";
import { type AttributionMiddlewareOptions, createServeRequest } from "./middleware/serve-request.ts";
import type { AttributionResolver } from "./run-attributed.ts";

/** Options of the plugin. */
export interface FastifyAttributionOptions extends AttributionMiddlewareOptions {
  /** The hook in which the resolver is called: behind the hook that authenticates, and registered after it. @default "preHandler" */
  readonly resolveIn?: "onRequest" | "preValidation" | "preHandler" | undefined;
}

/** What of Fastify's request and reply is used. */
export interface FastifyMessage {
  readonly raw: object;
}

/** What of a Fastify instance is used. */
export interface FastifyHooks {
  addHook(name: string, hook: (request: never, reply: never, ...rest: never[]) => void): unknown;
}

/** Which request a context belongs to. */
const REQUEST_KEY = createContextKey("spancost.fastify-request");

type Done = (error?: Error | null, payload?: unknown) => void;

/**
 * Creates a Fastify plugin (4 and 5) that runs each request inside the attribution that `resolve` gives. The scope is open from `onRequest` on, so that
 * authentication in any hook can call `setAttribution`; the resolver is called in `preHandler`. It holds where it is registered and in all plugins within.
 */
export function attribution<Request extends FastifyMessage>(
  resolve?: AttributionResolver<Request>,
  { resolveIn = "preHandler", ...options }: FastifyAttributionOptions = {},
): (instance: FastifyHooks, _options: unknown, done: () => void) => void {
  const contexts = new WeakMap<object, Context>();
  const open = createServeRequest<Request>(undefined, options);
  const serve = createServeRequest(resolve, options);
  const proceed = (request: Request, done: Done) => (): void => {
    const own = context.active().setValue(REQUEST_KEY, request.raw);
    contexts.set(request.raw, own);
    context.with(own, () => done());
  };
  const plugin = (instance: FastifyHooks, _options: unknown, registered: () => void): void => {
    instance.addHook("onRequest", (request: Request, reply: FastifyMessage, done: Done) => {
      const messages = [request.raw, reply.raw];
      void open({ incoming: readIncomingRequest(request.raw), request, messages }, proceed(request, done));
    });
    instance.addHook(resolveIn, (request: Request, _reply: FastifyMessage, done: Done) => {
      restore(contexts.get(request.raw), () => void serve({ incoming: undefined, request }, proceed(request, done)));
    });
    // Fastify keeps the context over its body parsers; a hook that looks a session up in a pool of connections may lose it.
    instance.addHook("preHandler", (request: Request, _reply: FastifyMessage, done: Done) => {
      restore(contexts.get(request.raw), () => done());
    });
    instance.addHook("onSend", (request: Request, _reply: FastifyMessage, payload: unknown, done: Done) => {
      restore(contexts.get(request.raw), () => bindBody(payload));
      done(null, payload);
    });
    registered();
  };
  // What fastify-plugin sets, so that the hooks hold in the instance that registers the plugin and not only within it.
  return Object.assign(plugin, { [Symbol.for("skip-override")]: true });
}

/** Leaves a context of the same request alone: other plugins may have put things of theirs into it. */
function restore(kept: Context | undefined, fn: () => void): void {
  const isKept = context.active().getValue(REQUEST_KEY) === kept?.getValue(REQUEST_KEY);
  if (kept === undefined || isKept) fn();
  else context.with(kept, fn);
}
