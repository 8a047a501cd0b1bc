import { bindAttribution } from "./bind-attribution.ts";

/**
 * Gives an iterable whose every step runs in the context in which this was called: the body of an async generator otherwise runs in the context of
 * whoever asks for the next value. It can be iterated as often as the one given.
 */
export function attributeIterable<T>(iterable: AsyncIterable<T>): AsyncIterable<T> {
  const open = bindAttribution(() => iterable[Symbol.asyncIterator]());
  const bind = bindAttribution((iterator: AsyncIterator<T>) => bindIterator(iterator));
  return { [Symbol.asyncIterator]: () => bind(open()) };
}

/** Without `return` and `throw` where the iterator has none: a consumer asks for them by looking. */
function bindIterator<T>(iterator: AsyncIterator<T>): AsyncIterator<T> {
  const bound: AsyncIterator<T> = {
    next: bindAttribution((...args: [] | [undefined]) => iterator.next(...args)),
  };
  if (iterator.return) bound.return = bindAttribution((value?: unknown) => callReturn(iterator, value));
  if (iterator.throw) bound.throw = bindAttribution((error?: unknown) => callThrow(iterator, error));
  return bound;
}

function callReturn<T>(iterator: AsyncIterator<T>, value: unknown): Promise<IteratorResult<T>> {
  return iterator.return?.(value) ?? Promise.resolve({ done: true, value });
}

function callThrow<T>(iterator: AsyncIterator<T>, error: unknown): Promise<IteratorResult<T>> {
  return iterator.throw?.(error) ?? Promise.reject(error);
}
