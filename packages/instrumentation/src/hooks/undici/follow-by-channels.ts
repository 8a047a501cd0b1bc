import { reportFailure } from "../wire/guard.ts";
import { listenToChannel } from "../wire/listen-to-channel.ts";
import type { ObservedRequest } from "./observe-request.ts";
import type { UndiciRequest } from "./undici-request.ts";

interface Message {
  readonly request: UndiciRequest;
  readonly response: { readonly statusCode: number; readonly headers: unknown };
  readonly chunk: unknown;
  readonly error: unknown;
}

type Tell = (observed: ObservedRequest, message: Message) => void;

/** Requests whose own methods tell nothing. */
const followed = new Map<UndiciRequest, ObservedRequest>();
let isListening = false;

/**
 * Follows a request by what undici tells of all requests: for versions whose requests have other methods than those of 5 to 8. Who
 * listens makes undici write a message for every request and chunk of the app, so nobody does until there is such a request.
 */
export function followByChannels(request: UndiciRequest, observed: ObservedRequest): void {
  followed.set(request, observed);
  if (isListening) return;
  isListening = true;
  listen("headers", (one, { response }) => one.onHeaders(response.statusCode, response.headers));
  listen("bodyChunkReceived", (one, { chunk }) => one.onChunk(chunk));
  listen("trailers", (one) => one.onComplete(), true);
  listen("error", (one, { error }) => one.onError(error), true);
}

function listen(name: string, tell: Tell, isLast = false): void {
  listenToChannel(`undici:request:${name}`, (message) => {
    try {
      const told = message as Message;
      const observed = followed.get(told.request);
      if (observed === undefined) return;
      if (isLast) followed.delete(told.request);
      tell(observed, told);
    } catch (error) {
      reportFailure(`observing undici's "${name}"`, error);
    }
  });
}
