import { isProviderUrl } from "../claims.ts";
import { observeSafely } from "../hooks/wire/guard.ts";
import { guardHttp2 } from "./guard-http2.ts";
import { guardNodeHttp } from "./guard-node-http.ts";
import { UndiciGuard } from "./guard-undici.ts";
import { OutboundBoundary } from "./outbound-boundary.ts";
import type { OutboundAttributionRule } from "./outbound-rule.ts";

export type { OutboundAttributionRule } from "./outbound-rule.ts";

interface SharedGuards {
  set(rule: OutboundAttributionRule | undefined): void;
}

/** Copies of this package in one process share one set of guards, and the rule that was set last. */
const SHARED_KEY = Symbol.for("spancost.instrumentation.outbound.1");

/**
 * Guards every request of this process over `fetch`, `node:http`, `node:https`, `node:http2` and undici, below all instrumentations: one to an
 * allowed host gets the attribution of the context it is made in when it has none, and a `traceparent` of the active span when it has none; out
 * of the `baggage` header of any other, and of every LLM provider's, attribution is taken. What the app gave is never changed. `undefined` ends
 * that. Never throws.
 */
export function setOutboundAttribution(rule: OutboundAttributionRule | undefined): void {
  observeSafely("guarding outgoing requests", () => getShared().set(rule));
}

function getShared(): SharedGuards {
  const holder = globalThis as { [SHARED_KEY]?: SharedGuards };
  return (holder[SHARED_KEY] ??= createShared());
}

function createShared(): SharedGuards {
  const boundary = new OutboundBoundary(isProviderUrl);
  let undo: (() => void)[] = [];
  return {
    set(rule) {
      boundary.rule = rule;
      if (rule === undefined) for (const remove of undo.splice(0)) remove();
      else if (undo.length === 0) undo = install(boundary);
    },
  };
}

function install(boundary: OutboundBoundary): (() => void)[] {
  const undici = new UndiciGuard(boundary);
  return [guardNodeHttp(boundary), guardHttp2(boundary, (path) => undici.findStarted(path)), undici.install()];
}
