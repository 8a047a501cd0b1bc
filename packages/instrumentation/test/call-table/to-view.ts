/** A value with everything an app can see of it, as plain data that can be compared and printed. */
export type View = string | number | boolean | null | readonly View[] | { readonly [name: string]: View };

/** Differs between two runs of the same call, with or without us. */
const VOLATILE_HEADERS: ReadonlySet<string> = new Set(["date", "keep-alive"]);
const VOLATILE_PROPERTIES: ReadonlySet<string> = new Set([
  // Of errors: lines of code, and the ports of the connection.
  "stack",
  "socket",
  // Of the AWS SDK: a random pause.
  "totalRetryDelay",
]);
/** Some errors have a whole stack in their message. */
const STACK_LINE = /\n\s+at .*/g;
const LOOPBACK = /127\.0\.0\.1:\d+/g;
/** Deeper than any result; clients and sockets that hang on one are not results. */
const MAX_DEPTH = 12;

/** Makes a view of a value. Symbols, functions and what stands deeper than results do are left out. */
export function toView(value: unknown, depth = 0): View {
  if (value === null || typeof value === "boolean" || typeof value === "number") return value;
  if (typeof value === "string") return value.replaceAll(LOOPBACK, "<host>").replaceAll(STACK_LINE, "");
  if (typeof value === "bigint" || typeof value === "undefined") return `<${String(value)}>`;
  if (typeof value !== "object" || depth > MAX_DEPTH) return `<${typeof value}>`;
  if (Array.isArray(value)) return value.map((item) => toView(item, depth + 1));
  if (ArrayBuffer.isView(value))
    return `<bytes ${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("hex")}>`;
  return { "<class>": toClassName(value), ...toHiddenView(value, depth), ...toPropertiesView(value, depth) };
}

function toClassName(value: object): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  return typeof prototype === "object" && prototype !== null ? prototype.constructor.name : "none";
}

/** What stands in getters, or is not enumerable. */
function toHiddenView(value: object, depth: number): Record<string, View> {
  if (isHeaders(value)) return toHeadersView(value);
  if (isResponse(value)) {
    const { status, statusText, ok, type, redirected, url, bodyUsed, headers } = value;
    const facts = { status, statusText, ok, type, redirected, url, bodyUsed, headers };
    return toPropertiesView(facts, depth);
  }
  if (!(value instanceof Error)) return {};
  const { name, message, cause } = value;
  return { name, message: toView(message), cause: toView(cause, depth + 1), "<text>": toView(String(value)) };
}

function toPropertiesView(value: object, depth: number): Record<string, View> {
  if (isHeaders(value) || isResponse(value)) return {};
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name, property]) => !VOLATILE_PROPERTIES.has(name) && typeof property !== "function")
      .map(([name, property]) => [name, toPropertyView(name, property, depth)]),
  );
}

/** Headers stand in plain objects as well. */
function toPropertyView(name: string, property: unknown, depth: number): View {
  const isPlainHeaders =
    name === "headers" && typeof property === "object" && property !== null && !isHeaders(property);
  return isPlainHeaders ? toHeadersView(Object.entries(property)) : toView(property, depth + 1);
}

function toHeadersView(headers: Iterable<readonly [string, unknown]>): Record<string, View> {
  return Object.fromEntries(
    [...headers].filter(([name]) => !VOLATILE_HEADERS.has(name)).map(([name, value]) => [name, toView(value)]),
  );
}

/** The platform's, or those of an HTTP client that brings its own. */
function isHeaders(value: object): value is Headers {
  return typeof Reflect.get(value, "getSetCookie") === "function" || toClassName(value) === "Headers";
}

function isResponse(value: object): value is Response {
  return toClassName(value) === "Response" && typeof Reflect.get(value, "bodyUsed") === "boolean";
}
