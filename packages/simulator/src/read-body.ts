import type { AnyRequest } from "./http-exchange.ts";
import { isJsonObject } from "./json-reading.ts";

/** Largest request body that the simulator takes, in bytes. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

/** The body of a request. */
export interface RequestBody {
  /** The body's bytes, as text. */
  readonly text: string;
  /** Parsed JSON, or the fields of a form with files as their sizes; `undefined` when it is neither. */
  readonly value: unknown;
}

/**
 * Reads a request body.
 * @throws Error when it is larger than 16 MiB.
 */
export async function readBody(request: AnyRequest): Promise<RequestBody> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    sizeBytes += bytes.length;
    if (sizeBytes > MAX_BODY_BYTES) throw new Error(`The request body is larger than ${MAX_BODY_BYTES} bytes.`);
    chunks.push(bytes);
  }
  const bytes = Buffer.concat(chunks);
  const contentType = request.headers["content-type"] ?? "";
  if (contentType.startsWith("multipart/form-data")) return await readForm(bytes, contentType);
  const text = bytes.toString("utf8");
  return { text, value: parseJson(text) };
}

/** A form's text names its fields in order; its boundary, which is random, is left out. */
async function readForm(bytes: Uint8Array<ArrayBuffer>, contentType: string): Promise<RequestBody> {
  const form = await new Response(bytes, { headers: { "content-type": contentType } }).formData();
  const fields = Array.from(form, ([name, value]) => [name, typeof value === "string" ? value : { size: value.size }]);
  const value: unknown = Object.fromEntries(fields);
  return { text: JSON.stringify(fields), value: isJsonObject(value) ? value : {} };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
