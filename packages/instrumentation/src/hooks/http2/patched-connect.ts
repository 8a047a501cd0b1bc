import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from "node:http2";
import { observeSafely } from "../wire/guard.ts";

/** A stream that a client has made, and the headers that it sends. */
export interface CreatedStream {
  readonly stream: ClientHttp2Stream;
  readonly headers: IncomingHttpHeaders;
}

/** The first versions that tell of streams on a channel, by major; 23 never did. */
const FIRST_MINOR: Readonly<Record<number, number>> = { 22: 17, 23: Number.POSITIVE_INFINITY, 24: 1 };

/** Whether this runtime tells of a client's streams on a channel. */
export function hasStreamChannel(version: string | undefined): boolean {
  const [major = 0, minor = 0] = (version ?? "").split(".").map(Number);
  return minor >= (FIRST_MINOR[major] ?? 0);
}

/** In a Node without the channel: shows the streams of every session that is opened from now on. Returns what undoes that. */
export function patchConnect(onStream: (created: CreatedStream) => void): () => void {
  const http2 = process.getBuiltinModule("node:http2");
  const { syncBuiltinESMExports } = process.getBuiltinModule("node:module");
  const { connect } = http2;
  const patched = function (this: unknown, ...args: unknown[]): ClientHttp2Session {
    const session: ClientHttp2Session = Reflect.apply(connect, this, args);
    observeSafely("observing a session of node:http2", () => patchRequest(session, onStream));
    return session;
  };
  http2.connect = Object.defineProperties(patched, Object.getOwnPropertyDescriptors(connect)) as typeof connect;
  syncBuiltinESMExports();
  return () => {
    // Somebody who has patched it after us would be taken out as well: then this one stays underneath.
    if (http2.connect !== (patched as unknown)) return;
    http2.connect = connect;
    syncBuiltinESMExports();
  };
}

function patchRequest(session: ClientHttp2Session, onStream: (created: CreatedStream) => void): void {
  const request: unknown = Reflect.get(session, "request");
  const value = function (this: unknown, ...args: unknown[]): ClientHttp2Stream {
    const stream: ClientHttp2Stream = Reflect.apply(request as () => ClientHttp2Stream, this, args);
    onStream({ stream, headers: stream.sentHeaders as IncomingHttpHeaders });
    return stream;
  };
  Object.defineProperty(session, "request", { configurable: true, enumerable: false, writable: true, value });
}
