import type { IncomingMessage, ServerResponse } from "node:http";
import { constants, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";

/** A request over HTTP/1.1 or HTTP/2. */
export type AnyRequest = IncomingMessage | Http2ServerRequest;

/** The response to a request over HTTP/1.1 or HTTP/2. */
export type AnyResponse = ServerResponse | Http2ServerResponse;

/** Sends status and headers. */
export function writeHead(response: AnyResponse, status: number, headers: Readonly<Record<string, string>>): void {
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
}

/** Writes a piece; resolves when the bytes are handed on, so that a later cut does not take back what was written. */
export function writePiece(response: AnyResponse, piece: string | Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => resolve();
    response.once("close", done);
    const written = (): void => {
      response.off("close", done);
      resolve();
    };
    if (isHttp2(response)) response.write(piece, written);
    else response.write(piece, written);
  });
}

/** Ends the answer in the middle: HTTP/1.1 loses its connection, HTTP/2 has its stream reset. */
export function cutResponse(response: AnyResponse): void {
  if (isHttp2(response)) response.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  else response.destroy();
}

/** Whether the client has left, or the answer was cut. */
export function isClosed(response: AnyResponse): boolean {
  return isHttp2(response)
    ? response.stream.closed || response.stream.destroyed
    : response.closed || response.destroyed;
}

/** Waits for the end of the exchange and tells whether the client got the whole answer. */
export async function waitForEnd(response: AnyResponse): Promise<"complete" | "cut"> {
  if (!isClosed(response)) await new Promise<void>((resolve) => response.once("close", () => resolve()));
  if (isHttp2(response)) return response.stream.rstCode === constants.NGHTTP2_NO_ERROR ? "complete" : "cut";
  return response.writableFinished ? "complete" : "cut";
}

function isHttp2(response: AnyResponse): response is Http2ServerResponse {
  return "stream" in response;
}
