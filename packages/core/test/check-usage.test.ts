import { findUsageIssue, type Usage, type UsageIssue, UNKNOWN_USAGE } from "@spancost/core";
import { describe, expect, it } from "vitest";

describe("findUsageIssue", () => {
  it.each<[Partial<Usage>, UsageIssue | null]>([
    [{}, null],
    [{ input: 10, cacheRead: 4, cacheWrite5m: 3, cacheWrite1h: 3, output: 5, reasoning: 5 }, null],
    [{ input: 0, output: 0 }, null],
    [{ cacheRead: 10 }, null],
    [{ input: -1 }, "negative-count"],
    [{ output: Number.NaN }, "not-a-number"],
    [{ images: 0.5 }, "fractional-count"],
    [{ characters: Number.POSITIVE_INFINITY }, "count-out-of-range"],
    [{ input: 2 ** 53 }, "count-out-of-range"],
    [{ input: 9, cacheRead: 4, cacheWrite5m: 3, cacheWrite1h: 3 }, "cache-exceeds-input"],
    [{ input: 9, audioIn: 5, imageIn: 5 }, "modality-exceeds-input"],
    [{ output: 4, reasoning: 5 }, "reasoning-exceeds-output"],
    [{ output: 4, audioOut: 3, imageOut: 2 }, "modality-exceeds-output"],
    [{ audioSeconds: "1.5" }, null],
    [{ videoSeconds: "-1" }, "bad-seconds"],
    [{ audioSeconds: "NaN" }, "bad-seconds"],
  ])("finds in %j: %s", (usage, issue) => {
    expect(findUsageIssue({ ...UNKNOWN_USAGE, ...usage })).toBe(issue);
  });
});
