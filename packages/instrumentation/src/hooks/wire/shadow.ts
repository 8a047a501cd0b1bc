/** Is told of a call; `undefined`: the original method is to be called with the arguments as they are now. */
export type Tell = (
  args: unknown[],
  original: unknown,
  self: unknown,
) => { readonly result: unknown } | undefined | void;

/**
 * Puts an own method before the one that an object has, to be told of its arguments first: not enumerable, so that nobody who
 * copies the object's fields takes it along. Returns what takes it out again, unless somebody has put another in front since.
 * @param tell never throws; may change the arguments, or call the original itself, as often as it likes, and say what it returned
 */
export function shadowMethod(target: object, name: string, tell: Tell): () => void {
  const original: unknown = Reflect.get(target, name);
  if (typeof original !== "function") return () => {};
  const own = Object.getOwnPropertyDescriptor(target, name);
  const value = function (this: unknown, ...args: unknown[]): unknown {
    const told = tell(args, original, this);
    return told === undefined ? Reflect.apply(original, this, args) : told.result;
  };
  for (const key of ["name", "length"]) Object.defineProperty(value, key, { value: Reflect.get(original, key) });
  Object.defineProperty(target, name, { configurable: true, enumerable: false, writable: true, value });
  return () => {
    if (Object.getOwnPropertyDescriptor(target, name)?.value !== value) return;
    if (own === undefined) Reflect.deleteProperty(target, name);
    else Object.defineProperty(target, name, own);
  };
}
