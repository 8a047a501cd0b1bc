import { isRefusal, mayAskHost, noteRefused, noteTaken } from "../../calls/asked-hosts.ts";
import type { AskedUsage } from "../../calls/start-call.ts";
import type { FetchArguments } from "./fetch-arguments.ts";

const CONTENT_LENGTH = "content-length";

/** A request that asks for usage, and the app's own one to fall back on. */
export interface AskingRequest {
  /** The arguments of the `fetch` with the wish. */
  readonly init: RequestInit;
  /** The app's own, as they were when it called. */
  readonly originalInit: RequestInit;
  readonly asked: AskedUsage;
  readonly host: string;
}

/** Adds the wish for usage to a request whose body is at hand. The app's objects stay as they are. */
export function createAskingRequest(
  { init }: FetchArguments,
  url: string,
  askForUsage: () => AskedUsage | undefined,
): AskingRequest | undefined {
  const host = URL.parse(url)?.host;
  if (host === undefined || !mayAskHost(host) || !isPlain(init)) return undefined;
  const asked = askForUsage();
  if (asked === undefined) return undefined;
  const isText = typeof init.body === "string";
  const bytes = new TextEncoder().encode(asked.body);
  const headers = correctLength(init.headers, bytes.length);
  return {
    init: { ...init, body: isText ? asked.body : bytes, ...(headers === undefined ? {} : { headers }) },
    // A buffer may be reused by the app as soon as `fetch` has returned.
    originalInit: isText ? { ...init } : { ...init, body: copyBytes(init.body) },
    asked,
    host,
  };
}

/** Whether the answer may be to the wish and not to the app's request; remembers hosts that take the wish. */
export function readRefusal({ host }: AskingRequest, response: Response): boolean {
  if (response.ok) noteTaken(host);
  return isRefusal(response.status);
}

/** Sends the app's own request after the one with the wish was refused. */
export async function sendUnchanged(
  { originalInit, host }: AskingRequest,
  refused: Response,
  send: (init: RequestInit) => Promise<Response>,
): Promise<Response> {
  refused.body?.cancel().catch(() => {});
  const response = await send(originalInit);
  // A request that fails without the wish as well says nothing about the wish.
  if (response.ok) noteRefused(host);
  return response;
}

/** Whether a copy of its own properties is the same to `fetch`. */
function isPlain(init: RequestInit | undefined): init is RequestInit {
  return typeof init === "object" && init !== null && Object.getPrototypeOf(init) === Object.prototype;
}

/** The headers with another length, or `undefined` when they have none. */
function correctLength(headers: RequestInit["headers"], sizeBytes: number): Headers | undefined {
  if (headers === undefined) return undefined;
  const corrected = new Headers(headers);
  if (!corrected.has(CONTENT_LENGTH)) return undefined;
  corrected.set(CONTENT_LENGTH, String(sizeBytes));
  return corrected;
}

function copyBytes(body: unknown): Uint8Array<ArrayBuffer> | null {
  if (body instanceof ArrayBuffer) return new Uint8Array(body.slice(0));
  return body instanceof Uint8Array ? new Uint8Array(body) : null;
}
