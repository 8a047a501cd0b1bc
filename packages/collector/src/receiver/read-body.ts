import type { IncomingMessage } from "node:http";
import { createTooLargeError, RequestError } from "./request-error.ts";
import { unpackGzip } from "./unpack-gzip.ts";

/**
 * Reads a request's body, unpacked. Neither what comes over the wire nor what it unpacks to may be larger than `maxBytes`.
 * @throws RequestError `too-large`, `unsupported-encoding` or `damaged`
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const encoding = request.headers["content-encoding"] ?? "identity";
  if (encoding !== "identity" && encoding !== "gzip") {
    throw new RequestError(
      "unsupported-encoding",
      `Content-Encoding ${JSON.stringify(encoding)} is not supported; send gzip or none.`,
    );
  }
  const received = await collectBody(request, maxBytes);
  return encoding === "gzip" ? unpackGzip(received, maxBytes) : received;
}

/**
 * Reads a request's body as it came.
 * @throws RequestError `too-large`; `damaged` when the connection ends before the body does
 */
export function collectBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const announcedBytes = readContentLength(request);
  if (announcedBytes !== null && announcedBytes > maxBytes)
    return Promise.reject(createTooLargeError(`is ${announcedBytes} bytes long`, maxBytes));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    const onData = (chunk: Buffer): void => {
      sizeBytes += chunk.length;
      chunks.push(chunk);
      if (sizeBytes > maxBytes) settle(() => reject(createTooLargeError("goes on", maxBytes)));
    };
    const onEnd = (): void => settle(() => resolve(join(chunks, sizeBytes)));
    // A sender that gives up, or that Node cut off for being too slow.
    const onClose = (): void =>
      settle(() => reject(new RequestError("damaged", "The connection ended inside the body.")));
    request.on("data", onData).on("end", onEnd).on("close", onClose).on("error", ignore);

    function settle(finish: () => void): void {
      request.off("data", onData).off("end", onEnd).off("close", onClose);
      finish();
    }
  });
}

/** The announced size of a body, or null when it comes in chunks. */
export function readContentLength(request: IncomingMessage): number | null {
  const announced = request.headers["content-length"];
  return announced === undefined ? null : Number(announced);
}

/** Most bodies of some kilobytes come in one piece, which is not copied. */
function join(chunks: readonly Buffer[], sizeBytes: number): Buffer {
  const [first] = chunks;
  return chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks, sizeBytes);
}

/** An error is followed by `close`, which is what counts. */
function ignore(): void {}
