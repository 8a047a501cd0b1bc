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

const COUNTS = [
  "input",
  "cacheRead",
  "cacheWrite5m",
  "cacheWrite1h",
  "output",
  "reasoning",
  "audioIn",
  "audioOut",
  "imageIn",
  "imageOut",
  "images",
  "characters",
  "webSearchRequests",
] as const satisfies readonly (keyof Usage)[];

/** Says what is impossible in a usage, or `null`. Unknown parts are compatible with everything; an unknown total with any part. */
export function findUsageIssue(usage: Usage): UsageIssue | null {
  for (const bucket of COUNTS) {
    const issue = findCountIssue(usage[bucket]);
    if (issue !== null) return issue;
  }
  if (!isSeconds(usage.videoSeconds) || !isSeconds(usage.audioSeconds)) return "bad-seconds";
  return findInputIssue(usage) ?? findOutputIssue(usage);
}

function findCountIssue(count: number | null): UsageIssue | null {
  if (count === null) return null;
  if (Number.isNaN(count)) return "not-a-number";
  if (count < 0) return "negative-count";
  if (!Number.isInteger(count)) return Number.isFinite(count) ? "fractional-count" : "count-out-of-range";
  return Number.isSafeInteger(count) ? null : "count-out-of-range";
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
