import { LLM_COST_KIND } from "../read-cost.ts";
import type { DuplicateReason, SettleCall } from "./settle-facts.ts";

/** Clocks of two tracers in one process differ by rounding to milliseconds. */
const CLOCK_TOLERANCE_NANO = 3_000_000n;
/** Two spans of one call end nearly together; two calls that only look alike seldom do. */
export const END_TOLERANCE_NANO = 25_000_000n;
/** What a framework may still do for its own span once the client's has ended, such as counting tokens; in one trace it is believed. */
const END_IN_TRACE_TOLERANCE_NANO = 500_000_000n;

/** Whether an ancestor and one of its descendants are one call, by what both say of it. `null`: they are not, or it cannot be told. */
export function findAncestorMatch(ancestor: SettleCall, descendant: SettleCall): DuplicateReason | null {
  if (!couldBeSame(ancestor, descendant)) return null;
  if (haveSameResponse(ancestor, descendant)) return "same-response";
  return ancestor.usageKnown && descendant.usageKnown && haveSameUsage(ancestor, descendant) ? "same-usage" : null;
}

/**
 * Whether two spans that are not in one line of descent, from two producers in one service, are one call. An id alone is no proof: the
 * models must agree, nobody they are attributed to may differ, and one span must lie within the other's time. Without an id that both
 * have they must end together as well; in one trace, and with the same usage, one may end a while later.
 */
export function findPeerMatch(a: SettleCall, b: SettleCall): DuplicateReason | null {
  if (a.producer === b.producer || a.service !== b.service) return null;
  if (!couldBeSame(a, b) || !isWithin(a, b) || belongToDifferentOnes(a, b)) return null;
  const sameResponse = haveSameResponse(a, b);
  const bothKnown = a.usageKnown && b.usageKnown;
  const toleranceNano = bothKnown && a.traceId === b.traceId ? END_IN_TRACE_TOLERANCE_NANO : END_TOLERANCE_NANO;
  if (!sameResponse && !endWithin(toleranceNano, a, b)) return null;
  if (bothKnown) {
    if (!haveSameUsage(a, b)) return null;
    return sameResponse ? "same-response" : "same-usage";
  }
  if (sameResponse) return "same-response";
  return a.usageKnown !== b.usageKnown && !a.refused && !b.refused ? "peer-without-usage" : null;
}

/** Whether nothing that both spans say of their call contradicts its being one. */
export function couldBeSame(a: SettleCall, b: SettleCall): boolean {
  if (a.costKind !== LLM_COST_KIND || b.costKind !== LLM_COST_KIND) return false;
  if (a.responseId !== "" && b.responseId !== "" && a.responseId !== b.responseId) return false;
  return haveCompatibleModels(a, b);
}

/** Whether two usages are the same call's, though one may leave cached tokens out. */
function haveSameUsage(a: SettleCall, b: SettleCall): boolean {
  if (a.usage.output !== b.usage.output) return false;
  if (a.usage.input === b.usage.input) return true;
  // A producer that leaves cached tokens out still has the output.
  return (a.usage.output ?? 0) > 0 && (uncachedInput(b) === a.usage.input || uncachedInput(a) === b.usage.input);
}

function uncachedInput({ usage }: SettleCall): number | null {
  if (usage.input === null) return null;
  return usage.input - (usage.cacheRead ?? 0) - (usage.cacheWrite5m ?? 0) - (usage.cacheWrite1h ?? 0);
}

function haveSameResponse(a: SettleCall, b: SettleCall): boolean {
  return a.responseId !== "" && a.responseId === b.responseId;
}

function belongToDifferentOnes(a: SettleCall, b: SettleCall): boolean {
  return (["tenantId", "userId", "feature"] as const).some((key) => {
    const [left, right] = [a.attribution[key], b.attribution[key]];
    return left !== "" && right !== "" && left !== right;
  });
}

/** Two names agree when one is the other with a date, a version or a provider's prefix; a missing name agrees with all. */
function haveCompatibleModels(a: SettleCall, b: SettleCall): boolean {
  const [left = [], right = []] = [a, b].map((call) =>
    [call.modelReported, call.modelRequested].filter((name) => name !== "").map(baseName),
  );
  if (left.length === 0 || right.length === 0) return true;
  return left.some((name) => right.includes(name));
}

function baseName(model: string): string {
  const name = model.toLowerCase().split("/").at(-1) ?? "";
  return name
    .replace(/^(?:[a-z-]{2,7}\.)?(?:anthropic|amazon|meta|mistral|cohere|deepseek|openai|ai21)\./, "")
    .replace(/@.*$/, "")
    .replace(/-v\d+(?::\d+)?$/, "")
    .replace(/-(?:\d{4}-\d{2}-\d{2}|\d{8}|latest)$/, "");
}

function isWithin(a: SettleCall, b: SettleCall): boolean {
  return encloses(a, b) || encloses(b, a);
}

function encloses(outer: SettleCall, inner: SettleCall): boolean {
  return (
    outer.startTimeUnixNano - CLOCK_TOLERANCE_NANO <= inner.startTimeUnixNano &&
    inner.endTimeUnixNano <= outer.endTimeUnixNano + CLOCK_TOLERANCE_NANO
  );
}

function endWithin(toleranceNano: bigint, a: SettleCall, b: SettleCall): boolean {
  const difference = a.endTimeUnixNano - b.endTimeUnixNano;
  return difference <= toleranceNano && difference >= -toleranceNano;
}
