import { parseDecimal } from "./decimal.ts";
import type { Usage } from "./usage.ts";

/** Scale of a quantity of seconds: nine decimals. */
export const SECONDS_SCALE = 9;

/** Why a usage cannot be true, in a form that reports and tests can name. */
export type UsageIssue =
  | "negative-count"
  | "fractional-count"
  | "count-out-of-range"
  | "not-a-number"
  | "cache-exceeds-input"
  | "modality-exceeds-input"
  | "reasoning-exceeds-output"
  | "modality-exceeds-output"
  | "bad-seconds";

/** Says what is impossible in a usage, or `null`. Unknown parts are compatible with everything; an unknown total with any part. */
export function findUsageIssue(usage: Usage): UsageIssue | null {
  const issue = findTextCountIssue(usage) ?? (isTextOnly(usage) ? null : findOtherQuantityIssue(usage));
  return issue ?? findInputIssue(usage) ?? findOutputIssue(usage);
}

/** Whether nothing but tokens of text was consumed, as by nearly every call. */
function isTextOnly(usage: Usage): boolean {
  return (
    usage.audioIn === null &&
    usage.audioOut === null &&
    usage.imageIn === null &&
    usage.imageOut === null &&
    usage.images === null &&
    usage.characters === null &&
    usage.webSearchRequests === null &&
    usage.videoSeconds === null &&
    usage.audioSeconds === null
  );
}

/** Written out, as the others are: this runs for every call, and a loop over the names of the counts costs more than the checks. */
function findTextCountIssue(usage: Usage): UsageIssue | null {
  return (
    findCountIssue(usage.input) ??
    findCountIssue(usage.cacheRead) ??
    findCountIssue(usage.cacheWrite5m) ??
    findCountIssue(usage.cacheWrite1h) ??
    findCountIssue(usage.output) ??
    findCountIssue(usage.reasoning)
  );
}

function findOtherQuantityIssue(usage: Usage): UsageIssue | null {
  const issue =
    findCountIssue(usage.audioIn) ??
    findCountIssue(usage.audioOut) ??
    findCountIssue(usage.imageIn) ??
    findCountIssue(usage.imageOut) ??
    findCountIssue(usage.images) ??
    findCountIssue(usage.characters) ??
    findCountIssue(usage.webSearchRequests);
  if (issue !== null) return issue;
  return isSeconds(usage.videoSeconds) && isSeconds(usage.audioSeconds) ? null : "bad-seconds";
}

function findCountIssue(count: number | null): UsageIssue | null {
  if (count === null || (count >= 0 && Number.isSafeInteger(count))) return null;
  if (Number.isNaN(count)) return "not-a-number";
  if (count < 0) return "negative-count";
  if (!Number.isInteger(count)) return Number.isFinite(count) ? "fractional-count" : "count-out-of-range";
  return "count-out-of-range";
}

function findInputIssue(usage: Usage): UsageIssue | null {
  if (usage.input === null) return null;
  const cached = (usage.cacheRead ?? 0) + (usage.cacheWrite5m ?? 0) + (usage.cacheWrite1h ?? 0);
  if (cached > usage.input) return "cache-exceeds-input";
  return (usage.audioIn ?? 0) + (usage.imageIn ?? 0) > usage.input ? "modality-exceeds-input" : null;
}

function findOutputIssue(usage: Usage): UsageIssue | null {
  if (usage.output === null) return null;
  if ((usage.reasoning ?? 0) > usage.output) return "reasoning-exceeds-output";
  return (usage.audioOut ?? 0) + (usage.imageOut ?? 0) > usage.output ? "modality-exceeds-output" : null;
}

function isSeconds(seconds: string | null): boolean {
  if (seconds === null) return true;
  const parsed = parseDecimal(seconds, SECONDS_SCALE);
  return parsed !== null && parsed >= 0n;
}
