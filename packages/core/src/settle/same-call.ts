import type { DuplicateReason, SettleCall } from "./settle-facts.ts";

/** Clocks of two tracers in one process differ by rounding to milliseconds. */
const CLOCK_TOLERANCE_NANO = 3_000_000n;

/** Whether an ancestor and one of its descendants are one call, by what both say of it. `null`: they are not, or it cannot be told. */
export function findAncestorMatch(ancestor: SettleCall, descendant: SettleCall): DuplicateReason | null {
  if (!haveCompatibleModels(ancestor, descendant)) return null;
  if (haveSameResponse(ancestor, descendant)) return "same-response";
  return ancestor.usageKnown && descendant.usageKnown && haveSameUsage(ancestor, descendant) ? "same-usage" : null;
}

/**
 * Whether two spans that are not in one line of descent, from two producers in one service, are one call. An id alone is no proof:
 * the models must agree, and one span must lie within the other's time.
 */
export function findPeerMatch(a: SettleCall, b: SettleCall): DuplicateReason | null {
  if (a.producer === b.producer || a.service !== b.service) return null;
  if (!haveCompatibleModels(a, b) || !isWithin(a, b)) return null;
  if (a.responseId !== "" && b.responseId !== "" && a.responseId !== b.responseId) return null;
  if (a.usageKnown && b.usageKnown) {
    if (!haveSameUsage(a, b)) return null;
    return haveSameResponse(a, b) ? "same-response" : "same-usage";
  }
  if (haveSameResponse(a, b)) return "same-response";
  return a.usageKnown !== b.usageKnown && !a.refused && !b.refused ? "peer-without-usage" : null;
}

/** Whether two usages are the same call's, though one may leave cached tokens out or be unsure of the input. */
function haveSameUsage(a: SettleCall, b: SettleCall): boolean {
  const outputsAgree = a.usage.output === b.usage.output;
  const inputsAgree = a.usage.input === b.usage.input;
  if (outputsAgree && inputsAgree) return true;
  // A producer that leaves cached tokens out still has the output.
  return outputsAgree && (a.usage.output ?? 0) > 0 && isLowerInput(a, b);
}

/** Whether one input is the other's uncached part. */
function isLowerInput(a: SettleCall, b: SettleCall): boolean {
  return uncachedInput(b) === a.usage.input || uncachedInput(a) === b.usage.input;
}

function uncachedInput({ usage }: SettleCall): number | null {
  if (usage.input === null) return null;
  return usage.input - (usage.cacheRead ?? 0) - (usage.cacheWrite5m ?? 0) - (usage.cacheWrite1h ?? 0);
}

function haveSameResponse(a: SettleCall, b: SettleCall): boolean {
  return a.responseId !== "" && a.responseId === b.responseId;
}

/** Two names agree when one is the other with a date, a version or a provider's prefix; a missing name agrees with all. */
function haveCompatibleModels(a: SettleCall, b: SettleCall): boolean {
  const [left, right] = [a, b].map((call) =>
    [call.modelReported, call.modelRequested].filter((name) => name !== "").map(baseName),
  );
  if (left === undefined || right === undefined || left.length === 0 || right.length === 0) return true;
  return left.some((name) => right.includes(name));
}

function baseName(model: string): string {
  const name = model.toLowerCase().split("/").at(-1) ?? "";
  return name.replace(/@.*$/, "").replace(/-(?:\d{4}-\d{2}-\d{2}|\d{8}|latest)$/, "");
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
