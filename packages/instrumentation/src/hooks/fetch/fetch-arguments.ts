/** What is read from the arguments of a `fetch`, without consuming anything of them. */
export interface FetchArguments {
  readonly input: unknown;
  readonly init: RequestInit | undefined;
}

/** Longest binary body that is decoded to look for the model, in bytes. A string, which every SDK sends, costs no decoding. */
const MAX_DECODED_BODY_BYTES = 1024 * 1024;

/** The request's absolute URL as text, or `undefined`. */
export function readUrl(input: unknown): string | undefined {
  if (typeof input === "string") return input;
  if (input instanceof URL) return input.href;
  const url: unknown = isObject(input) ? Reflect.get(input, "url") : undefined;
  return typeof url === "string" ? url : undefined;
}

/** The request's method in upper case. */
export function readMethod({ input, init }: FetchArguments): string {
  const method: unknown = init?.method ?? (isRequest(input) ? input.method : undefined);
  return typeof method === "string" ? method.toUpperCase() : "GET";
}

/** The body as text when it is at hand; `null` for streams, forms and the bodies of `Request` objects, which stay untouched. */
export function readBodyText({ init }: FetchArguments): string | null {
  const body: unknown = init?.body;
  if (typeof body === "string") return body;
  const isBinary = body instanceof ArrayBuffer || body instanceof Uint8Array;
  return isBinary && body.byteLength <= MAX_DECODED_BODY_BYTES ? new TextDecoder().decode(body) : null;
}

/** A text field of the form that is the body, or `null`. A form that was written out already is not parsed. */
export function readFormField({ init }: FetchArguments, name: string): string | null {
  const body: unknown = init?.body;
  const value = typeof FormData === "function" && body instanceof FormData ? body.get(name) : null;
  return typeof value === "string" ? value : null;
}

/** A header of the request, or `null`. `name` in lower case. */
export function readHeader({ input, init }: FetchArguments, name: string): string | null {
  const headers: unknown = init?.headers ?? (isRequest(input) ? input.headers : undefined);
  if (headers instanceof Headers) return headers.get(name);
  if (!isObject(headers)) return null;
  const entries: readonly unknown[] = Array.isArray(headers) ? headers : Object.entries(headers);
  for (const entry of entries) {
    if (!Array.isArray(entry)) continue;
    const [key, value]: readonly unknown[] = entry;
    if (typeof key === "string" && key.toLowerCase() === name) return typeof value === "string" ? value : null;
  }
  return null;
}

/** The signal that the app can abort the request with. */
export function readSignal({ input, init }: FetchArguments): AbortSignal | undefined {
  const signal: unknown = init?.signal ?? (isRequest(input) ? input.signal : undefined);
  return signal instanceof AbortSignal ? signal : undefined;
}

function isRequest(input: unknown): input is Request {
  return typeof Request === "function" && input instanceof Request;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
