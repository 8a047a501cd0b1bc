type Method = (...args: readonly unknown[]) => unknown;

/** A method of the runtime's streams or readers, to be called past what was put over it. */
export function readMethodOf(target: object, name: PropertyKey): Method {
  return Reflect.get(target, name) as Method;
}

/** Calls a method of the runtime's streams on one of them. */
export function callNative(self: unknown, name: keyof ReadableStream, args: readonly unknown[]): unknown {
  return Reflect.apply(readMethodOf(ReadableStream.prototype, name), self, args);
}

/** Puts an own method over an inherited one; as on the prototype, it can be replaced. */
export function shadow(target: object, name: PropertyKey, method: (...args: never[]) => unknown): void {
  const original: unknown = Reflect.get(target, name);
  if (typeof original !== "function") return;
  Object.defineProperty(method, "name", { value: original.name, configurable: true });
  Object.defineProperty(method, "length", { value: original.length, configurable: true });
  Object.defineProperty(target, name, { value: method, configurable: true, enumerable: false, writable: true });
}
