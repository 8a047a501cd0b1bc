import { withAttribution } from "./attribution.ts";
import type { AttributionInput } from "./merge-attribution.ts";
import { reportFailure } from "./report-failure.ts";

/** What a resolver says of a request: nothing leaves the request as it is. */
type ResolvedAttribution = AttributionInput | null | undefined;

/** Opens a scope all the same, so that the handler can call `setAttribution`. */
const NOTHING: AttributionInput = Object.freeze({});
/** Longer than a look-up of a session takes, shorter than the 15 s and more after which clients and proxies commonly give up. */
const RESOLVE_TIMEOUT_MS = 10_000;

/** Says who a request belongs to, at once or later; the request waits for it. */
export type AttributionResolver<Request> = (request: Request) => ResolvedAttribution | PromiseLike<ResolvedAttribution>;

/**
 * Runs the rest of a request exactly once inside the attribution that the resolver gives. A resolver that throws, rejects or takes longer than
 * `timeoutMs` is reported and the rest runs unattributed; what the rest itself throws is passed on untouched.
 */
export function runAttributed<Request, T>(
  resolve: AttributionResolver<Request>,
  request: Request,
  rest: () => T | Promise<T>,
  timeoutMs = RESOLVE_TIMEOUT_MS,
): T | Promise<T> {
  let resolved: ResolvedAttribution | PromiseLike<ResolvedAttribution>;
  try {
    resolved = resolve(request);
    if (isPromiseLike(resolved)) resolved = settleWithin(resolved, timeoutMs);
  } catch (error) {
    return runUnattributed(error, rest);
  }
  if (!(resolved instanceof Promise)) return runWith(resolved as ResolvedAttribution, rest);
  return resolved.then(
    (late: ResolvedAttribution) => runWith(late, rest),
    (error: unknown) => runUnattributed(error, rest),
  );
}

function settleWithin<T>(given: PromiseLike<T>, timeoutMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the resolver took longer than ${timeoutMs} ms`)), timeoutMs);
    // A server that is closed meanwhile must not keep its process for that; other runtimes than Node give a number.
    if (typeof timer === "object") timer.unref();
    const settle =
      <Value>(done: (value: Value) => void) =>
      (value: Value): void => {
        clearTimeout(timer);
        done(value);
      };
    Promise.resolve(given).then(settle(resolve), settle(reject));
  });
}

function runWith<T>(resolved: ResolvedAttribution, rest: () => T): T {
  return withAttribution(resolved ?? NOTHING, rest);
}

function runUnattributed<T>(error: unknown, rest: () => T): T {
  reportFailure("resolver_failed", "a middleware's resolver failed, its requests go on unattributed", error);
  return withAttribution(NOTHING, rest);
}

function isPromiseLike(
  value: ResolvedAttribution | PromiseLike<ResolvedAttribution>,
): value is PromiseLike<ResolvedAttribution> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
