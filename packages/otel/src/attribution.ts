import { type Context, context } from "@opentelemetry/api";
import { type Attribution, type AttributionInput, mergeAttribution, NO_ATTRIBUTION } from "./merge-attribution.ts";
import { reportFailure } from "./report-failure.ts";
import { findOpenScope, readScope, writeScope } from "./scope.ts";

/** How an attribution travels. */
export interface AttributionOptions {
  /**
   * Mirrors `tenant_id`, `user_id` and `feature` (never labels) into W3C baggage. The stock propagator sends baggage to EVERY host
   * that the app talks to, LLM providers included, so this is off unless asked for. Scopes within follow it; `false` takes the
   * entries out again.
   * @default what the surrounding scope does, `false` at the outermost
   */
  readonly baggage?: boolean | undefined;
}

/**
 * Runs `fn` exactly once, with its LLM calls attributed, and returns what it returns; scopes nest, each overriding what it gives.
 * The attribution lives in the OpenTelemetry context of this process only: it is neither sent out nor taken from baggage that came
 * in. Labels are put on spans as `spancost.label.<name>`. Bad values, and a missing context manager, are reported and never thrown.
 */
export function withAttribution<T>(attribution: AttributionInput, fn: () => T, options: AttributionOptions = {}): T {
  const attributed = deriveContext(attribution, options);
  if (attributed === undefined) return fn();
  return context.with(attributed, () => {
    if (readScope(context.active()) !== readScope(attributed)) reportMissingContextManager();
    return fn();
  });
}

/** Reads the attribution in force, in the active context or a given one; fields that nobody set are `undefined`. */
export function getAttribution(from: Context = context.active()): Attribution {
  return readScope(from).attribution;
}

/** A part of an attribution that `clearAttribution` can empty on its own. */
export type AttributionField = keyof Attribution;

/**
 * Changes the innermost open scope from now on, for everything that runs in it, also what awaited before: what is not given stays.
 * Made for a handler that learns who asks after its middleware ran. Outside every scope it is reported and does nothing. Siblings
 * share their scope: where they differ, use `withAttribution`.
 */
export function setAttribution(attribution: AttributionInput): void {
  changeScope((current) => mergeAttribution(current, attribution));
}

/** Empties the innermost open scope from now on, all of it or the named fields; nothing is inherited from scopes around it either. */
export function clearAttribution(fields?: readonly AttributionField[]): void {
  changeScope((current) => {
    if (fields === undefined) return NO_ATTRIBUTION;
    const cleared = fields.map((field) => [field, NO_ATTRIBUTION[field]]);
    return Object.freeze({ ...current, ...Object.fromEntries(cleared) });
  });
}

function changeScope(change: (current: Attribution) => Attribution): void {
  try {
    const scope = findOpenScope(context.active());
    if (scope === undefined) return reportMissingScope();
    scope.attribution = change(scope.attribution);
    if (scope.baggage) reportStaleBaggage();
  } catch (error) {
    reportFailure("invalid_attribution", "an attribution could not be read", error);
  }
}

function reportMissingScope(): void {
  reportFailure(
    "no_scope",
    "setAttribution and clearAttribution do nothing outside a scope: open one with withAttribution or a middleware first",
  );
}

function reportStaleBaggage(): void {
  reportFailure(
    "stale_baggage",
    "baggage that { baggage: true } wrote keeps its old values: use withAttribution there, or AttributionPropagator instead",
  );
}

function deriveContext(input: AttributionInput, options: AttributionOptions): Context | undefined {
  try {
    const active = context.active();
    const outer = readScope(active);
    const attribution = mergeAttribution(outer.attribution, input);
    return writeScope(active, { attribution, baggage: options.baggage ?? outer.baggage });
  } catch (error) {
    reportFailure("invalid_attribution", "an attribution could not be read", error);
    return withoutAttribution(input);
  }
}

/** What was meant for somebody must not be billed to whom the surrounding scope names. */
function withoutAttribution(input: unknown): Context | undefined {
  if (typeof input !== "object" || input === null) return undefined;
  const active = context.active();
  return writeScope(active, { attribution: NO_ATTRIBUTION, baggage: readScope(active).baggage });
}

function reportMissingContextManager(): void {
  reportFailure(
    "missing_context_manager",
    "withAttribution has no effect, because no OpenTelemetry context manager is registered: call " +
      "context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()) or start an OpenTelemetry SDK first; " +
      "if one is registered, two versions of @opentelemetry/api may be loaded",
  );
}
