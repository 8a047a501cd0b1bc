import { diag } from "@opentelemetry/api";
import { ClaimTable } from "./calls/claim-table.ts";
import type { ProviderClaim } from "./calls/provider-claim.ts";
import { startCall } from "./calls/start-call.ts";
import { createFetchHook } from "./hooks/fetch/fetch-hook.ts";
import type { CallStarter, Hook } from "./hooks/hook.ts";
import { createHttp2Hook } from "./hooks/http2/http2-hook.ts";
import { createNodeHttpHook } from "./hooks/node-http/node-http-hook.ts";
import { createUndiciHook } from "./hooks/undici/undici-hook.ts";

interface SharedClaims {
  readonly claims: ClaimTable;
  readonly hooks: readonly Hook[];
}

/** Copies of this package in one process (two versions, ESM beside a bundle) share one set of hooks: a call is seen once. */
const SHARED_KEY = Symbol.for("spancost.instrumentation.claims.1");

/** Shows a provider's calls to its instrumentation until `removeClaim`; the first claim installs the hooks. */
export function addClaim(claim: ProviderClaim): void {
  const { claims, hooks } = getShared();
  claims.add(claim);
  for (const hook of hooks) attempt(hook, "install");
}

/** Takes a claim back; the last one removes the hooks. */
export function removeClaim(claim: ProviderClaim): void {
  const { claims, hooks } = getShared();
  claims.remove(claim);
  if (claims.isEmpty) for (const hook of hooks) attempt(hook, "remove");
}

/** Whether an absolute URL lies under one that a claim names, whatever is sent there. */
export function isProviderUrl(url: string): boolean {
  const holder = globalThis as { readonly [SHARED_KEY]?: SharedClaims };
  return holder[SHARED_KEY]?.claims.covers(url) ?? false;
}

function getShared(): SharedClaims {
  const holder = globalThis as { [SHARED_KEY]?: SharedClaims };
  return (holder[SHARED_KEY] ??= createShared());
}

function createShared(): SharedClaims {
  const claims = new ClaimTable();
  const calls: CallStarter = {
    mayClaim: (url) => claims.mayClaim(url),
    isClaimed: (method, url) => {
      const parsed = URL.parse(url);
      return parsed !== null && claims.find(method, parsed) !== undefined;
    },
    start: (facts) => startCall(claims, facts),
  };
  const hooks = [createFetchHook, createNodeHttpHook, createHttp2Hook, createUndiciHook].map((create) => create(calls));
  return { claims, hooks };
}

function attempt(hook: Hook, action: "install" | "remove"): void {
  try {
    hook[action]();
  } catch (error) {
    diag.error(`spancost: ${hook.name}: ${action} failed; LLM calls that go this way are not seen`, error);
  }
}
