import { context } from "@opentelemetry/api";
import { UNKNOWN_OUTCOME } from "@spancost/llm-wire";
import type { ObservedCall } from "../../calls/observed-call.ts";
import { runClaimed } from "../claimed-scope.ts";
import type { CallStarter, Hook } from "../hook.ts";
import { readBodyText, readHeader, readMethod, readUrl } from "./fetch-arguments.ts";
import { observeResponse } from "./observe-response.ts";

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
      readHeader: (name) => readHeader(facts, name),
    });
    if (started === undefined) return Reflect.apply(original, this, args);
    const send = () => runClaimed(() => Reflect.apply(original, this, args));
    return watchFetch(started.call, () => context.with(started.context, send));
  };
  // Name, length and what others left on the function, such as Bun's `preconnect`.
  const { prototype: _prototype, ...properties } = Object.getOwnPropertyDescriptors(original) as PropertyDescriptorMap;
  return Object.defineProperties(hook, properties) as Fetch;
}

function watchFetch(call: ObservedCall, send: () => Promise<Response>): Promise<Response> {
  let pending: Promise<Response>;
  try {
    pending = send();
  } catch (error) {
    call.fail(error);
    throw error;
  }
  return pending.then(
    (response) => {
      const isObserved = call.guard("observing the response", () => {
        if (call.respond(response.status)) observeResponse(response, call);
      });
      if (!isObserved) call.complete(UNKNOWN_OUTCOME);
      return response;
    },
    (error: unknown) => {
      call.fail(error);
      throw error;
    },
  );
}
