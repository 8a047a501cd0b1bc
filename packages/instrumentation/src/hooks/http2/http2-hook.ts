import type { IncomingHttpHeaders } from "node:http2";
import { isClaimed } from "../claimed-scope.ts";
import type { CallStarter, Hook } from "../hook.ts";
import { observeSafely } from "../wire/guard.ts";
import { CHANNELS, listenToChannel } from "../wire/listen-to-channel.ts";
import type { WireRequestHead } from "../wire/wire-call.ts";
import { ObservedStream } from "./observe-stream.ts";
import { type CreatedStream, hasStreamChannel, patchConnect } from "./patched-connect.ts";

/**
 * Sees the requests of Node's own HTTP/2 client. Before Node 22.17 and 24.1 there is no channel to hear of them: there
 * `http2.connect` is patched, and sessions that were opened earlier are not seen.
 */
export function createHttp2Hook(calls: CallStarter): Hook {
  const onCreated = (message: unknown): void =>
    observeSafely("observing a stream of node:http2", () => {
      if (!isInstalled) return;
      const { stream, headers } = message as CreatedStream;
      const origin = `${readText(headers[":scheme"])}://${readText(headers[":authority"] ?? headers.host)}`;
      if (!calls.mayClaim(`${origin}/`) || isClaimed() || observed.has(stream)) return;
      observed.add(stream);
      const head = readHead(origin, headers);
      if (calls.isClaimed(head.method, head.url)) new ObservedStream(stream, head, calls);
    });
  /** A patch that could not be taken out may tell of a stream as well as the next one. */
  const observed = new WeakSet<object>();
  let isInstalled = false;
  let undo: (() => void) | undefined;
  return {
    name: "http2",
    install() {
      if (isInstalled) return;
      isInstalled = true;
      undo = listen(onCreated);
    },
    remove() {
      isInstalled = false;
      undo?.();
    },
  };
}

function listen(onCreated: (message: unknown) => void): (() => void) | undefined {
  if (globalThis.process?.getBuiltinModule === undefined) return undefined;
  const isTold = hasStreamChannel(process.versions.node);
  return isTold ? listenToChannel(CHANNELS.http2Stream, onCreated) : patchConnect(onCreated);
}

function readHead(origin: string, headers: IncomingHttpHeaders): WireRequestHead {
  return {
    url: origin + readText(headers[":path"]),
    method: readText(headers[":method"]),
    readHeader(name) {
      // The app's own spelling.
      const key = Object.keys(headers).find((candidate) => candidate.toLowerCase() === name);
      return key === undefined ? null : readText(headers[key]);
    },
  };
}

function readText(value: string | string[] | undefined): string {
  if (value === undefined) return "";
  return Array.isArray(value) ? value.join(", ") : value;
}
