import type { ClientRequest } from "node:http";
import type { AskedUsage } from "../../calls/start-call.ts";

const OK = 200;
/** What a provider says to a request with a field that it does not know. */
const REFUSALS: ReadonlySet<number | undefined> = new Set([400, 422]);
/** Hosts that are remembered: a bound, not a need. */
const MAX_HOSTS = 1_000;

/** Hosts that refused a request with the wish: they are not asked again. The app gets the refusal; a sent request is sent. */
const refusingHosts = new Set<string>();
/** Hosts that took it before: what they refuse, they refuse for other reasons. */
const takingHosts = new Set<string>();

/** Whether a piece of a request's body is the whole, and can still be exchanged for another. */
export function isWholeBody(request: ClientRequest, [chunk, encoding]: readonly unknown[], isLast: boolean): boolean {
  if (request.headersSent || refusingHosts.has(String(request.getHeader("host")))) return false;
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

/** Remembers how a host answered a request with the wish. */
export function rememberAnswer(request: ClientRequest, status: number | undefined): void {
  const host = String(request.getHeader("host"));
  const hosts = status === OK ? takingHosts : refusingHosts;
  if (hosts === refusingHosts && (!REFUSALS.has(status) || takingHosts.has(host))) return;
  if (hosts.size >= MAX_HOSTS) hosts.clear();
  hosts.add(host);
}
