import type { CallStarter, Hook } from "../hook.ts";
import { reportFailure } from "../wire/guard.ts";
import { CHANNELS, listenToChannel } from "../wire/listen-to-channel.ts";
import { UnclaimedHosts } from "../wire/unclaimed-hosts.ts";
import { followByChannels } from "./follow-by-channels.ts";
import { ObservedRequest, tellsItself } from "./observe-request.ts";
import { type UndiciRequest, isToProxy, readUrl, runAsCaller } from "./undici-request.ts";

/**
 * Sees the requests of undici, from npm in any version or Node's own: its own `fetch`, `request`, `stream` and `pipeline`, and a
 * `fetch` of Node's that an SDK kept from before the hook of `fetch`. Hears of their making only: the other channels would have
 * undici write a message for every chunk of the app.
 */
export function createUndiciHook(calls: CallStarter): Hook {
  const unclaimed = new UnclaimedHosts();
  // Runs for every request of the app: no closure, and nothing but its host is looked at.
  const onCreated = (message: unknown): void => {
    try {
      const { request } = message as { readonly request: UndiciRequest };
      const host = isToProxy(request) ? undefined : request.origin;
      if (unclaimed.has(host)) return;
      const url = readUrl(request);
      if (calls.mayClaim(url)) runAsCaller(request, url, (isClaimed) => isClaimed || observe(request, url));
      else unclaimed.add(host);
    } catch (error) {
      reportFailure("observing a request of undici", error);
    }
  };
  function observe(request: UndiciRequest, url: string): void {
    const observed = new ObservedRequest(request, url, calls);
    if (observed.isCall && !tellsItself(request)) followByChannels(request, observed);
  }
  let stop: (() => void) | undefined;
  return {
    name: "undici",
    install() {
      unclaimed.clear();
      stop ??= listenToChannel(CHANNELS.undiciRequest, onCreated);
    },
    remove() {
      stop?.();
      stop = undefined;
    },
  };
}
