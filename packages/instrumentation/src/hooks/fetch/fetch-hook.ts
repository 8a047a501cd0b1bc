import { context } from "@opentelemetry/api";
import { UNKNOWN_OUTCOME } from "@spancost/llm-wire";
import type { ObservedCall } from "../../calls/observed-call.ts";
import type { AskedUsage } from "../../calls/start-call.ts";
import { runClaimed } from "../claimed-scope.ts";
import type { CallStarter, Hook } from "../hook.ts";
import { type AskingRequest, createAskingRequest, readRefusal, sendUnchanged } from "./ask-for-usage.ts";
import { readBodyText, readFormField, readHeader, readMethod, readSignal, readUrl } from "./fetch-arguments.ts";
import { observeResponse } from "./observe-response.ts";

const EVENT_STREAM = /^\s*text\/event-stream/i;

type Fetch = typeof globalThis.fetch;
type FetchParameters = Parameters<Fetch>;

/** Stands in front of `globalThis.fetch`. */
export function createFetchHook(calls: CallStarter): Hook {
  /** The hook and what it stands in front of. */
  let installed: { readonly hook: Fetch; readonly original: Fetch } | undefined;
  return {
    name: "fetch",
    install() {
      if (installed !== undefined || typeof globalThis.fetch !== "function") return;
      const original = globalThis.fetch;
      const hook = wrapFetch(original, calls);
      globalThis.fetch = hook;
      installed = { hook, original };
    },
    remove() {
      // Somebody who has wrapped `fetch` after us would be taken out as well: then the hook stays underneath, passing
      // everything on.
      if (installed === undefined || globalThis.fetch !== installed.hook) return;
      globalThis.fetch = installed.original;
      installed = undefined;
    },
  };
}

function wrapFetch(original: Fetch, calls: CallStarter): Fetch {
  const hook = function fetch(this: unknown, ...args: FetchParameters): Promise<Response> {
    const url = readUrl(args[0]);
    if (url === undefined || !calls.mayClaim(url)) return Reflect.apply(original, this, args);
    const facts = { input: args[0], init: args[1] };
    const started = calls.start({
      url,
      method: readMethod(facts),
      readBody: () => readBodyText(facts),
      readFormField: (name) => readFormField(facts, name),
      readHeader: (name) => readHeader(facts, name),
    });
    const passOn = (init: RequestInit | undefined) =>
      runClaimed(() => Reflect.apply(original, this, args.length < 2 ? args : [args[0], init, ...args.slice(2)]), url);
    if (started === undefined) return passOn(args[1]);
    const { call } = started;
    const send = (init: RequestInit | undefined) => context.with(started.context, () => passOn(init));
    let asking: AskingRequest | undefined;
    call.guard("asking for usage", () => {
      const signal = readSignal(facts);
      if (signal?.aborted === false) call.stopsWith(signal);
      asking = createAskingRequest(facts, url, () => started.askForUsage(true));
    });
    return watchFetch(call, send, args[1], asking);
  };
  // Name, length and what others left on the function, such as Bun's `preconnect`.
  const { prototype: _prototype, ...properties } = Object.getOwnPropertyDescriptors(original) as PropertyDescriptorMap;
  return Object.defineProperties(hook, properties) as Fetch;
}

type Send = (init: RequestInit | undefined) => Promise<Response>;

function watchFetch(
  call: ObservedCall,
  send: Send,
  init: RequestInit | undefined,
  asking: AskingRequest | undefined,
): Promise<Response> {
  const fail = (error: unknown): never => {
    call.fail(error);
    throw error;
  };
  let pending: Promise<Response>;
  try {
    pending = send(asking === undefined ? init : asking.init);
  } catch (error) {
    return fail(error);
  }
  if (!isThenable(pending)) {
    call.complete(UNKNOWN_OUTCOME);
    return pending;
  }
  return pending.then((response) => {
    if (asking === undefined || !isRefused(call, asking, response)) {
      watchResponse(call, response, asking?.asked);
      return response;
    }
    return sendUnchanged(asking, response, send).then((second) => {
      watchResponse(call, second);
      return second;
    }, fail);
  }, fail);
}

/** A stand-in for `fetch`, such as a test puts there, may answer with anything. */
function isThenable(value: unknown): boolean {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

function isRefused(call: ObservedCall, asking: AskingRequest, response: Response): boolean {
  let refused = false;
  call.guard("asking for usage", () => {
    refused = readRefusal(asking, response);
  });
  return refused;
}

function watchResponse(call: ObservedCall, response: Response, asked?: AskedUsage): void {
  const isObserved = call.guard("observing the response", () => {
    if (!call.respond(response.status)) return;
    const isStream = EVENT_STREAM.test(response.headers.get("content-type") ?? "");
    observeResponse(response, call, isStream && asked !== undefined ? () => asked.createFilter() : undefined);
  });
  if (!isObserved) call.complete(UNKNOWN_OUTCOME);
}
