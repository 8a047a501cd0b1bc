import type { ClientRequest } from "node:http";
import { isRefusal, mayAskHost, noteRefused, noteTaken } from "../../calls/asked-hosts.ts";
import type { AskedUsage } from "../../calls/start-call.ts";

const OK = 200;

/** Whether a piece of a request's body is the whole, and can still be exchanged for another. */
export function isWholeBody(request: ClientRequest, [chunk, encoding]: readonly unknown[], isLast: boolean): boolean {
  if (request.headersSent || !mayAskHost(String(request.getHeader("host")))) return false;
  if (typeof chunk !== "string" && !(chunk instanceof Uint8Array)) return false;
  if (typeof encoding === "string" && !/^utf-?8$/i.test(encoding)) return false;
  const length = request.getHeader("content-length");
  return length === undefined ? isLast : Number(length) === Buffer.byteLength(chunk);
}

/** Puts the body with the wish in the place of the app's, which `args` of `write` or `end` begin with. */
export function exchangeBody(request: ClientRequest, args: unknown[], { body }: AskedUsage): void {
  const bytes = Buffer.from(body);
  if (request.hasHeader("content-length")) request.setHeader("content-length", String(bytes.length));
  // What the wish brings in can be taken out again only of bytes that are not compressed.
  if (request.hasHeader("accept-encoding")) request.setHeader("accept-encoding", "identity");
  args[0] = typeof args[0] === "string" ? body : bytes;
}

/** Remembers how a host answered a request with the wish. The app gets a refusal: what is sent cannot be sent again from here. */
export function rememberAnswer(request: ClientRequest, status: number | undefined): void {
  const host = String(request.getHeader("host"));
  if (status === OK) noteTaken(host);
  else if (status !== undefined && isRefusal(status)) noteRefused(host);
}
