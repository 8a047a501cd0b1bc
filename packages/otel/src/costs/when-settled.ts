import { bindAttribution } from "../binding/bind-attribution.ts";

/** What is told of a result. */
interface ResultObserver {
  readonly onSuccess: () => void;
  readonly onFailure: (error: unknown) => void;
}

type Handler = ((value: unknown) => unknown) | null | undefined;
// oxlint-disable-next-line unicorn/no-thenable -- the one of an object that has one is observed
const THEN = "then";
const PLAIN_THEN: unknown = Reflect.get(Promise.prototype, THEN);

type Then = (this: unknown, onFulfilled?: Handler, onRejected?: Handler) => unknown;

/**
 * Tells when a result is there: at once, unless it is a promise. The `then` of anything but a plain promise is never called by us: that of a query builder
 * sends the query, each time, and that of an SDK's promise reads the response. The app's own call of it is observed, and runs where this was called.
 */
export function whenSettled(result: unknown, { onSuccess, onFailure }: ResultObserver): void {
  const then = findThen(result);
  if (then === undefined) onSuccess();
  else if (then === PLAIN_THEN) (result as Promise<unknown>).then(() => onSuccess(), onFailure);
  else if (!replaceThen(result as object, then, { onSuccess, onFailure })) onSuccess();
}

function findThen(result: unknown): Then | undefined {
  if (typeof result !== "object" || result === null) return undefined;
  try {
    const then: unknown = Reflect.get(result, THEN);
    return typeof then === "function" ? (then as Then) : undefined;
  } catch {
    // Whoever awaits it meets the error.
    return undefined;
  }
}

/** Handlers run in the context of whoever gives them; what is awaited twice is told once. */
function replaceThen(target: object, then: Then, { onSuccess, onFailure }: ResultObserver): boolean {
  let isTold = false;
  const tell = (observe: () => void): void => {
    if (!isTold) observe();
    isTold = true;
  };
  const run = bindAttribution((self: unknown, ...handlers: [Handler, Handler]) => then.apply(self, handlers));
  const value: Then = function thenObserved(onFulfilled, onRejected) {
    const succeed = typeof onFulfilled === "function" ? bindAttribution(onFulfilled) : (given: unknown) => given;
    const fail = typeof onRejected === "function" ? bindAttribution(onRejected) : rethrow;
    return run(
      this,
      (given) => (tell(onSuccess), succeed(given)),
      (error) => (tell(() => onFailure(error)), fail(error)),
    );
  };
  try {
    return Reflect.defineProperty(target, THEN, { value, configurable: true, writable: true, enumerable: false });
  } catch {
    return false;
  }
}

function rethrow(error: unknown): never {
  throw error;
}
