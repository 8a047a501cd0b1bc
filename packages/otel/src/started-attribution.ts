import type { Context } from "@opentelemetry/api";
import { type Attribution, NO_ATTRIBUTION } from "./merge-attribution.ts";
import { readScope } from "./scope.ts";

/** Where a span keeps the attribution that held when it started, until it ends. */
const STARTED_ATTRIBUTION = Symbol("spancost.started_attribution");

interface Attributed {
  [STARTED_ATTRIBUTION]?: Attribution | undefined;
}

/**
 * Keeps the attribution of a span's parent context on the span itself: whether the span is an LLM call shows later, and the scope may
 * have changed by then. The attribution is immutable and small; the context may hold a whole request of the app.
 */
export function rememberAttribution(span: object, parentContext: Context): void {
  const { attribution } = readScope(parentContext);
  if (attribution !== NO_ATTRIBUTION) (span as Attributed)[STARTED_ATTRIBUTION] = attribution;
}

/** The attribution that held when a span started; `undefined` when nothing was attributed. */
export function recallAttribution(span: object): Attribution | undefined {
  return (span as Attributed)[STARTED_ATTRIBUTION];
}
