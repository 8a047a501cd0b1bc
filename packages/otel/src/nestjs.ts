import { context } from "@opentelemetry/api";
import { Observable } from "rxjs";
import { bindBody } from "./middleware/bind-body.ts";
import { readIncomingRequest } from "./middleware/incoming-request.ts";
import { type AttributionMiddlewareOptions, createServeRequest } from "./middleware/serve-request.ts";
import type { AttributionResolver } from "./run-attributed.ts";

export type { AttributionMiddlewareOptions };

/** What of Nest's `ExecutionContext` is used. */
export interface NestExecutionContext {
  getType(): string;
  switchToHttp(): { getRequest(): unknown; getResponse(): unknown };
}

/** What of Nest's `CallHandler` is used. */
export interface NestCallHandler {
  handle(): Observable<unknown>;
}

/** An interceptor as `useGlobalInterceptors`, `@UseInterceptors` and `APP_INTERCEPTOR` take it. */
export interface AttributionInterceptor<Context> {
  intercept(execution: Context, next: NestCallHandler): Observable<unknown> | Promise<Observable<unknown>>;
}

/**
 * Creates a Nest interceptor, for its Express and its Fastify platform, that runs each handler inside the attribution that `resolve` gives. Interceptors
 * run after guards, so that the resolver sees whom these have authenticated.
 */
export function attribution<Context extends NestExecutionContext>(
  resolve?: AttributionResolver<Context>,
  options?: AttributionMiddlewareOptions,
): AttributionInterceptor<Context> {
  const serve = createServeRequest(resolve, options);
  return {
    intercept: (execution, next) =>
      serve({ ...readMessages(execution), request: execution }, () => bindObservable(next.handle())),
  };
}

function readMessages(execution: NestExecutionContext) {
  if (execution.getType() !== "http") return { incoming: undefined };
  const http = execution.switchToHttp();
  const request = unwrap(http.getRequest());
  return { incoming: readIncomingRequest(request), messages: [request, unwrap(http.getResponse())] };
}

/** Fastify's request and reply have those of node:http in `raw`. */
function unwrap(message: unknown): unknown {
  return typeof message === "object" && message !== null && "raw" in message ? message.raw : message;
}

/** Nest subscribes after the interceptor has ended, and pulls a streamed body later still. */
function bindObservable(source: Observable<unknown>): Observable<unknown> {
  const bound = context.active();
  return new Observable((subscriber) => {
    const next = (value: unknown): void => {
      context.with(bound, bindBody, undefined, value);
      subscriber.next(value);
    };
    return context.with(bound, () =>
      source.subscribe({
        next,
        error: (error: unknown) => subscriber.error(error),
        complete: () => subscriber.complete(),
      }),
    );
  });
}
