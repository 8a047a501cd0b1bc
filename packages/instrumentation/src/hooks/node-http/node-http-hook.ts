import type { ClientRequest } from "node:http";
import { isClaimed } from "../claimed-scope.ts";
import type { CallStarter, Hook } from "../hook.ts";
import { reportFailure } from "../wire/guard.ts";
import { CHANNELS, listenToChannel } from "../wire/listen-to-channel.ts";
import { UnclaimedHosts } from "../wire/unclaimed-hosts.ts";
import { observeRequest } from "./observe-request.ts";
import { readOrigin } from "./request-head.ts";

/**
 * Sees the requests of Node's own HTTP/1 clients, whatever function made them and whenever that was imported. Nothing is
 * patched: a request that nobody claims costs a look at its host.
 */
export function createNodeHttpHook(calls: CallStarter): Hook {
  // Runs for every request of the app: no closure, and nothing but its host is looked at.
  const onCreated = (message: unknown): void => {
    try {
      const { request } = message as { readonly request: ClientRequest };
      const host = request.getHeader("host");
      if (unclaimed.has(host)) return;
      const origin = readOrigin(request);
      if (!calls.mayClaim(origin)) unclaimed.add(host);
      else if (!isClaimed()) observeRequest(request, origin, calls);
    } catch (error) {
      reportFailure("observing a request of node:http", error);
    }
  };
  const unclaimed = new UnclaimedHosts();
  let stop: (() => void) | undefined;
  return {
    name: "node-http",
    install() {
      unclaimed.clear();
      stop ??= listenToChannel(CHANNELS.httpRequest, onCreated);
    },
    remove() {
      stop?.();
      stop = undefined;
    },
  };
}
