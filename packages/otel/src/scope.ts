import { type Baggage, type Context, createContextKey, propagation } from "@opentelemetry/api";
import { ATTRIBUTION_KEYS } from "@spancost/core";
import { type Attribution, NO_ATTRIBUTION } from "./merge-attribution.ts";

/** What a context carries for the calls made in it: a cell that all contexts derived inside the scope share. */
export interface Scope {
  /** Immutable itself; `setAttribution` puts another in its place. */
  attribution: Attribution;
  /** Whether `tenant_id`, `user_id` and `feature` are mirrored into the context's baggage, here and in scopes within. */
  readonly baggage: boolean;
}

/** The API makes equal keys of equal names, so several copies of this package in one process understand each other. */
const SCOPE_KEY = createContextKey("spancost.scope");
const NO_SCOPE: Scope = Object.freeze({ attribution: NO_ATTRIBUTION, baggage: false });
const FIELDS = ["tenantId", "userId", "feature"] as const satisfies readonly (keyof typeof ATTRIBUTION_KEYS)[];

/** Reads the scope of a context; baggage is never read, since anybody may have sent it. */
export function readScope(context: Context): Scope {
  const scope = context.getValue(SCOPE_KEY);
  return isScope(scope) ? scope : NO_SCOPE;
}

/** Reads the innermost scope that is open in a context, to change it; `undefined` when none is. */
export function findOpenScope(context: Context): Scope | undefined {
  const scope = context.getValue(SCOPE_KEY);
  return isScope(scope) ? scope : undefined;
}

/** Derives a context with another scope. */
export function writeScope(context: Context, scope: Scope): Context {
  const wasInBaggage = readScope(context).baggage;
  const next = context.setValue(SCOPE_KEY, scope);
  return scope.baggage || wasInBaggage ? mirrorToBaggage(next, scope) : next;
}

function mirrorToBaggage(context: Context, scope: Scope): Context {
  let baggage: Baggage = propagation.getBaggage(context) ?? propagation.createBaggage();
  for (const field of FIELDS) {
    const value = scope.baggage ? scope.attribution[field] : undefined;
    const key = ATTRIBUTION_KEYS[field];
    baggage = value === undefined ? baggage.removeEntry(key) : baggage.setEntry(key, { value });
  }
  return propagation.setBaggage(context, baggage);
}

/** What another copy of this package wrote is trusted as far as its outer shape goes. */
function isScope(value: unknown): value is Scope {
  if (typeof value !== "object" || value === null || !("attribution" in value)) return false;
  const { attribution } = value;
  return typeof attribution === "object" && attribution !== null && "labels" in attribution;
}
