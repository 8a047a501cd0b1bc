import type { IncomingMessage } from "node:http";
import { freeBytes } from "./free-bytes.ts";
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
  if (encoding !== "gzip") return received;
  const body = await unpackGzip(received, maxBytes);
  freeBytes(received);
  return body;
}

/**
 * Reads a request's body as it came.
 * @throws RequestError `too-large`; `damaged` when the connection ends before the body does
 */
export function collectBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const announcedBytes = readContentLength(request);
  if (announcedBytes !== null && announcedBytes > maxBytes)
    return Promise.reject(createTooLargeError(`is ${announcedBytes} bytes long`, maxBytes));
  const sink = announcedBytes === null ? createGrowingSink() : createSizedSink(announcedBytes);
  return new Promise((resolve, reject) => {
    let sizeBytes = 0;
    const onData = (chunk: Buffer): void => {
      sizeBytes += chunk.length;
      if (sizeBytes > maxBytes) settle(() => reject(createTooLargeError("goes on", maxBytes)));
      else sink.add(chunk);
    };
    const onEnd = (): void => settle(() => resolve(sink.take()));
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

/** Where a body is put together. */
interface BodySink {
  add(chunk: Buffer): void;
  take(): Buffer;
}

/** For a body whose size is announced: one allocation, or none when it comes in one piece. Node lets no sender send more. */
function createSizedSink(announcedBytes: number): BodySink {
  let body: Buffer | null = null;
  let filledBytes = 0;
  const copied: Buffer[] = [];
  return {
    add(chunk) {
      if (body === null && chunk.length === announcedBytes) {
        body = chunk;
        return;
      }
      body ??= Buffer.allocUnsafeSlow(announcedBytes);
      filledBytes += chunk.copy(body, filledBytes);
      copied.push(chunk);
    },
    take() {
      // Not earlier: the parser may be in the middle of the piece that it tells of.
      for (const chunk of copied) freeBytes(chunk);
      return body ?? Buffer.alloc(0);
    },
  };
}

function createGrowingSink(): BodySink {
  const chunks: Buffer[] = [];
  return { add: (chunk) => void chunks.push(chunk), take: () => Buffer.concat(chunks) };
}

/** The announced size of a body, or null when it comes in chunks. */
export function readContentLength(request: IncomingMessage): number | null {
  const announced = request.headers["content-length"];
  return announced === undefined ? null : Number(announced);
}

/** An error is followed by `close`, which is what counts. */
function ignore(): void {}
