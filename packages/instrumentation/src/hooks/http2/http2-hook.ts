import type { ClientHttp2Stream } from "node:http2";
import { isClaimed } from "../claimed-scope.ts";
import type { CallStarter, Hook } from "../hook.ts";
import { observeSafely } from "../wire/guard.ts";
import { ObservedStream } from "./observe-stream.ts";

/**
 * Says that a client's stream is there, before its maker has it: on sessions of any age, in clear text or over TLS. Node 22.15
 * and 22.16 lack it; there, calls over HTTP/2 are not seen.
 * @see https://nodejs.org/api/diagnostics_channel.html
 */
const CREATED = "http2.client.stream.created";

interface Message {
  readonly stream: ClientHttp2Stream;
  /** As they are sent, with the defaults of what the app left out. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Sees the requests of Node's own HTTP/2 client. */
export function createHttp2Hook(calls: CallStarter): Hook {
  const onCreated = (message: unknown): void =>
    observeSafely("observing a stream of node:http2", () => {
      const { stream, headers } = message as Message;
      const origin = `${readText(headers[":scheme"])}://${readText(headers[":authority"] ?? headers["host"])}`;
      if (!calls.mayClaim(`${origin}/`) || isClaimed()) return;
      const head = {
        url: origin + readText(headers[":path"]),
        method: readText(headers[":method"]),
        readHeader: (name: string) => {
          const key = Object.keys(headers).find((candidate) => candidate.toLowerCase() === name);
          return key === undefined ? null : readText(headers[key]);
        },
      };
      new ObservedStream(stream, head, calls);
    });
  // Asked for this way, bundlers and runtimes without Node's modules have nothing to resolve.
  const channels = globalThis.process?.getBuiltinModule?.("node:diagnostics_channel");
  let isInstalled = false;
  return {
    name: "http2",
    install() {
      if (isInstalled) return;
      channels?.subscribe(CREATED, onCreated);
      isInstalled = true;
    },
    remove() {
      channels?.unsubscribe(CREATED, onCreated);
      isInstalled = false;
    },
  };
}

function readText(value: string | string[] | undefined): string {
  if (value === undefined) return "";
  return Array.isArray(value) ? value.join(", ") : value;
}
