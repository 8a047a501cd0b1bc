import { context } from "@opentelemetry/api";

/**
 * Gives a function that always runs in the context in which it was bound, whoever calls it: for callbacks that a pool, a batch or a client keeps and
 * calls from another request. Arguments, `this`, result and errors pass through.
 */
export function bindAttribution<Arguments extends unknown[], Result, This = void>(
  fn: (this: This, ...args: Arguments) => Result,
): (this: This, ...args: Arguments) => Result {
  const bound = context.active();
  return function runBound(this: This, ...args: Arguments): Result {
    return context.with(bound, () => fn.apply(this, args));
  };
}
