/** Is told that a method was called. Never throws. */
type Told = (self: unknown) => void;
type Method = (this: unknown, first: unknown, second: unknown) => unknown;

/**
 * Puts a method of two arguments at most before one of an object's own, to be told of calls; `before` returns the first argument, or
 * another in its place. Returns what takes it out again, unless somebody has put another in front since; `undefined` when there is no such method.
 */
export function patchMethod(
  target: object,
  name: string,
  before: (self: unknown, first: unknown) => unknown,
  after?: Told,
): (() => void) | undefined {
  const own = Object.getOwnPropertyDescriptor(target, name);
  const original: unknown = own?.value;
  if (own === undefined || typeof original !== "function") return undefined;
  const method = original as Method;
  // No list of arguments is made: these run for every request of the app.
  const value = function (this: unknown, first: unknown, second: unknown): unknown {
    const given = before(this, first);
    const result = method.call(this, given, second);
    after?.(this);
    return result;
  };
  for (const key of ["name", "length"]) Object.defineProperty(value, key, { value: Reflect.get(original, key) });
  Object.defineProperty(target, name, { ...own, value });
  return () => {
    if (Object.getOwnPropertyDescriptor(target, name)?.value === value) Object.defineProperty(target, name, own);
  };
}
