import type { CallStarter, Hook } from "../hook.ts";
import { reportFailure } from "../wire/guard.ts";
import { UnclaimedHosts } from "../wire/unclaimed-hosts.ts";
import { ObservedRequest } from "./observe-request.ts";
import { type UndiciRequest, isToProxy, readUrl, runAsCaller } from "./undici-request.ts";

interface Message {
  readonly request: UndiciRequest;
  readonly response: { readonly statusCode: number; readonly headers: unknown };
  readonly chunk: unknown;
  readonly error: unknown;
}

type Listener = (message: unknown) => void;

const CREATED = "undici:request:create";

/**
 * Sees the requests of undici, from npm in any version or Node's own, through its diagnostics channels: its own `fetch`,
 * `request`, `stream` and `pipeline`, and a `fetch` of Node's that an SDK kept from before the hook of `fetch`.
 * @see https://undici.nodejs.org/#/docs/api/DiagnosticsChannel
 */
export function createUndiciHook(calls: CallStarter): Hook {
  const observed = new Map<UndiciRequest, ObservedRequest>();
  const unclaimed = new UnclaimedHosts();
  const onCreated = listen(CREATED, ({ request }) => {
    const host = isToProxy(request) ? undefined : request.origin;
    if (unclaimed.has(host)) return;
    const url = readUrl(request);
    if (!calls.mayClaim(url)) return unclaimed.add(host);
    runAsCaller(request, url, (isClaimed) => {
      if (isClaimed) return;
      const observation = new ObservedRequest(request, url, calls);
      if (observation.isCall) observed.set(request, observation);
    });
  });
  const followers = createFollowers(observed, forget);
  // Asked for this way, bundlers and runtimes without Node's modules have nothing to resolve.
  const channels = globalThis.process?.getBuiltinModule?.("node:diagnostics_channel");
  let isInstalled = false;
  let isFollowing = false;

  function forget(request: UndiciRequest): void {
    observed.delete(request);
    unfollowIfDone();
  }

  /** A hook that was removed sees its requests to their end. */
  function unfollowIfDone(): void {
    if (isInstalled || !isFollowing || observed.size > 0) return;
    for (const [channel, listener] of followers) channels?.unsubscribe(channel, listener);
    isFollowing = false;
  }

  return {
    name: "undici",
    install() {
      unclaimed.clear();
      if (isInstalled) return;
      isInstalled = true;
      channels?.subscribe(CREATED, onCreated);
      if (isFollowing) return;
      for (const [channel, listener] of followers) channels?.subscribe(channel, listener);
      isFollowing = true;
    },
    remove() {
      isInstalled = false;
      channels?.unsubscribe(CREATED, onCreated);
      unfollowIfDone();
    },
  };
}

function createFollowers(
  observed: ReadonlyMap<UndiciRequest, ObservedRequest>,
  forget: (request: UndiciRequest) => void,
): readonly (readonly [channel: string, listener: Listener])[] {
  const follow = (channel: string, tell: (request: ObservedRequest, message: Message) => void, isLast = false) => {
    const listener = listen(channel, (message) => {
      // Nearly always nothing is observed.
      const request = observed.size === 0 ? undefined : observed.get(message.request);
      if (request === undefined) return;
      if (isLast) forget(message.request);
      tell(request, message);
    });
    return [channel, listener] as const;
  };
  return [
    follow("undici:request:headers", (request, { response }) =>
      request.onHeaders(response.statusCode, response.headers),
    ),
    follow("undici:request:bodyChunkReceived", (request, { chunk }) => request.onChunk(chunk)),
    follow("undici:request:trailers", (request) => request.onComplete(), true),
    follow("undici:request:error", (request, { error }) => request.onError(error), true),
  ];
}

/** Runs for every request of the app, several times: no closure is made. */
function listen(channel: string, tell: (message: Message) => void): Listener {
  return (message) => {
    try {
      tell(message as Message);
    } catch (error) {
      reportFailure(`observing "${channel}"`, error);
    }
  };
}
