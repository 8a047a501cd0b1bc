/** Is told of a call of a method before or after it is made. Never throws. */
type Told = (self: unknown, args: unknown[]) => void;

/**
 * Puts a method before one of an object's own, to be told of calls; `before` may change the arguments. Returns what takes it out again, unless
 * somebody has put another in front since; `undefined` when there is no such method.
 */
export function patchMethod(target: object, name: string, before: Told, after?: Told): (() => void) | undefined {
  const own = Object.getOwnPropertyDescriptor(target, name);
  const original: unknown = own?.value;
  if (own === undefined || typeof original !== "function") return undefined;
  const value = function (this: unknown, ...args: unknown[]): unknown {
    before(this, args);
    const result: unknown = Reflect.apply(original, this, args);
    after?.(this, args);
    return result;
  };
  for (const key of ["name", "length"]) Object.defineProperty(value, key, { value: Reflect.get(original, key) });
  Object.defineProperty(target, name, { ...own, value });
  return () => {
    if (Object.getOwnPropertyDescriptor(target, name)?.value === value) Object.defineProperty(target, name, own);
  };
}
