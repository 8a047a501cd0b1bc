import type { CallStarter, Hook } from "../hook.ts";
import { reportFailure } from "../wire/guard.ts";
import { UnclaimedHosts } from "../wire/unclaimed-hosts.ts";
import { followByChannels } from "./follow-by-channels.ts";
import { ObservedRequest, tellsItself } from "./observe-request.ts";
import { type UndiciRequest, isToProxy, readUrl, runAsCaller } from "./undici-request.ts";

const CREATED = "undici:request:create";

/**
 * Sees the requests of undici, from npm in any version or Node's own: its own `fetch`, `request`, `stream` and `pipeline`, and a
 * `fetch` of Node's that an SDK kept from before the hook of `fetch`. Hears of their making only: the other channels would have
 * undici write a message for every chunk of the app.
 * @see https://undici.nodejs.org/#/docs/api/DiagnosticsChannel
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
      reportFailure(`observing "${CREATED}"`, error);
    }
  };
  function observe(request: UndiciRequest, url: string): void {
    const observed = new ObservedRequest(request, url, calls);
    if (observed.isCall && !tellsItself(request)) followByChannels(request, observed);
  }
  // Asked for this way, bundlers and runtimes without Node's modules have nothing to resolve.
  const channels = globalThis.process?.getBuiltinModule?.("node:diagnostics_channel");
  let isInstalled = false;
  return {
    name: "undici",
    install() {
      unclaimed.clear();
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
