import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { RequestError } from "./request-error.ts";

const gunzipAsync = promisify(gunzip);

/**
 * Reads a request's body, unpacked. Neither what comes over the wire nor what it unpacks to may be larger than `maxBytes`.
 * @throws RequestError 413, 415 or 400
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const encoding = request.headers["content-encoding"] ?? "identity";
  if (encoding !== "identity" && encoding !== "gzip") {
    throw new RequestError(415, `Content-Encoding ${JSON.stringify(encoding)} is not supported; send gzip or none.`);
  }
  const received = await collect(request, maxBytes);
  return encoding === "gzip" ? unpack(received, maxBytes) : received;
}

async function collect(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const announced = Number(request.headers["content-length"] ?? 0);
  if (announced > maxBytes) throw tooLarge(`is ${announced} bytes long`, maxBytes);
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  // The socket must live on for the answer when the body is refused midway.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) throw tooLarge("goes on", maxBytes);
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

async function unpack(received: Buffer, maxBytes: number): Promise<Buffer> {
  try {
    return await gunzipAsync(received, { maxOutputLength: maxBytes });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ERR_BUFFER_TOO_LARGE") throw tooLarge("unpacks to more", maxBytes);
    throw new RequestError(
      400,
      `The body is announced as gzip but cannot be unpacked: ${error instanceof Error ? error.message : String(error)}.`,
    );
  }
}

function tooLarge(what: string, maxBytes: number): RequestError {
  return new RequestError(
    413,
    `The body ${what}; at most ${maxBytes} bytes are accepted, unpacked. Send smaller batches, or raise SPANCOST_MAX_BODY_BYTES.`,
  );
}
