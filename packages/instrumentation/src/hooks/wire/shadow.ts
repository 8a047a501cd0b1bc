/**
 * Puts an own method before the one that an object has, to be told of its arguments first: not enumerable, so that nobody who
 * copies the object's fields takes it along. Returns what takes it out again, unless somebody has put another in front since.
 * @param tell never throws
 */
export function shadowMethod(target: object, name: string, tell: (args: readonly unknown[]) => void): () => void {
  const original: unknown = Reflect.get(target, name);
  if (typeof original !== "function") return () => {};
  const own = Object.getOwnPropertyDescriptor(target, name);
  const value = function (this: unknown, ...args: unknown[]): unknown {
    tell(args);
    return Reflect.apply(original, this, args);
  };
  for (const key of ["name", "length"]) Object.defineProperty(value, key, { value: Reflect.get(original, key) });
  Object.defineProperty(target, name, { configurable: true, enumerable: false, writable: true, value });
  return () => {
    if (Object.getOwnPropertyDescriptor(target, name)?.value !== value) return;
    if (own === undefined) Reflect.deleteProperty(target, name);
    else Object.defineProperty(target, name, own);
  };
}
