import type { AsyncLocalStorage } from "node:async_hooks";

/** A request that a hook has, until a hook further down meets it. */
interface Claimed {
  readonly url: string;
}

/**
 * Tells a hook below that a hook above has the request already: Node's `fetch` is undici underneath. Not in OpenTelemetry's
 * context, which does nothing in an app without a context manager.
 */
const scope = createScope();
/** Requests on their way from a hook above to one below. */
const unmet = new Set<Claimed>();

/** Runs `send` so that hooks further down leave its requests, to this absolute URL, alone. */
export function runClaimed<T>(send: () => T, url = ""): T {
  if (scope === undefined) return send();
  const claimed = { url };
  unmet.add(claimed);
  const forget = (): void => void unmet.delete(claimed);
  let sent: T;
  try {
    sent = scope.run(claimed, send);
  } catch (error) {
    forget();
    throw error;
  }
  if (sent instanceof Promise) return forgetWhenSettled(sent, forget) as T;
  forget();
  return sent;
}

/** Nobody below need meet it: then it waits no longer than its response. A `then` beside the app's would hide rejections. */
function forgetWhenSettled<T>(sent: Promise<T>, forget: () => void): Promise<T> {
  return sent.then(
    (value) => {
      forget();
      return value;
    },
    (error: unknown) => {
      forget();
      throw error;
    },
  );
}

/** Whether a hook further up has the request that is being made. */
export function isClaimed(): boolean {
  const claimed = scope?.getStore();
  if (claimed === undefined) return false;
  unmet.delete(claimed);
  return true;
}

/** Whether a hook further up waits, in this very context, for a request to this URL. */
export function isClaimedFor(url: string): boolean {
  const claimed = scope?.getStore();
  if (claimed === undefined || !unmet.has(claimed)) return false;
  const isSame = claimed.url === url || normalize(claimed.url) === normalize(url);
  return isSame && unmet.delete(claimed);
}

/** The same of a request that is made later than it was asked for, in the context of another: its URL has to tell. */
export function isClaimedElsewhere(url: string): boolean {
  const wanted = normalize(url);
  for (const claimed of unmet) if (normalize(claimed.url) === wanted) return unmet.delete(claimed);
  return false;
}

function normalize(url: string): string | undefined {
  const parsed = URL.parse(url);
  if (parsed !== null) parsed.hash = "";
  return parsed?.href;
}

function createScope(): AsyncLocalStorage<Claimed> | undefined {
  // Asked for this way, bundlers and runtimes without Node's modules have nothing to resolve.
  const asyncHooks = globalThis.process?.getBuiltinModule?.("node:async_hooks");
  return asyncHooks === undefined ? undefined : new asyncHooks.AsyncLocalStorage<Claimed>();
}
