import type { AsyncLocalStorage } from "node:async_hooks";

/**
 * Tells a hook below that a hook above has the request already: Node's `fetch` is undici underneath. Not in OpenTelemetry's
 * context, which does nothing in an app without a context manager.
 */
const scope = createScope();

/** Runs `send` so that hooks further down leave its requests alone. */
export function runClaimed<T>(send: () => T): T {
  return scope === undefined ? send() : scope.run(true, send);
}

/** Whether a hook further up has the request that is being made. */
export function isClaimed(): boolean {
  return scope?.getStore() === true;
}

function createScope(): AsyncLocalStorage<true> | undefined {
  // Asked for this way, bundlers and runtimes without Node's modules have nothing to resolve.
  const asyncHooks = globalThis.process?.getBuiltinModule?.("node:async_hooks");
  return asyncHooks === undefined ? undefined : new asyncHooks.AsyncLocalStorage<true>();
}
