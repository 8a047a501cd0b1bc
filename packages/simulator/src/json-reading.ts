/** A JSON object whose members are not known yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** True for a JSON object, false for arrays, null and scalars. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The member if it is an object, else an empty object. */
export function readObject(object: JsonObject, name: string): JsonObject {
  const value = object[name];
  return isJsonObject(value) ? value : {};
}

/** The member if it is a string, else `undefined`. */
export function readString(object: JsonObject, name: string): string | undefined {
  const value = object[name];
  return typeof value === "string" ? value : undefined;
}

/** Every string anywhere inside a JSON value, in document order. */
export function* walkStrings(value: unknown): Generator<string> {
  if (typeof value === "string") yield value;
  else if (Array.isArray(value)) for (const item of value) yield* walkStrings(item);
  else if (isJsonObject(value)) for (const item of Object.values(value)) yield* walkStrings(item);
}

/** Every object anywhere inside a JSON value, itself included. */
export function* walkObjects(value: unknown): Generator<JsonObject> {
  if (Array.isArray(value)) for (const item of value) yield* walkObjects(item);
  else if (isJsonObject(value)) {
    yield value;
    for (const item of Object.values(value)) yield* walkObjects(item);
  }
}
