import type { RequestFacts, StartedCall } from "../calls/start-call.ts";

/** What a hook asks about the requests that it sees. None of the functions throws. */
export interface CallStarter {
  /** Whether a request to this absolute URL might be claimed; cheap enough for every request of the app. */
  mayClaim(url: string): boolean;
  /** Whether a request is claimed, as far as its method (in upper case) and its absolute URL tell. */
  isClaimed(method: string, url: string): boolean;
  /** Starts the span of a claimed request; `undefined` when nobody would see it, and then the request is not touched. */
  start(facts: RequestFacts): StartedCall | undefined;
}

/** One place where an app's HTTP requests pass: `fetch`, a client of Node's, undici. */
export interface Hook {
  readonly name: string;
  /** Puts the hook in place, once. */
  install(): void;
  /** Takes it out again, where that takes nobody else's out. While it stays it passes everything on. */
  remove(): void;
}
