import { describe, expect, it } from "vitest";
import { readSpan } from "../src/index.ts";

function read(attributes: Readonly<Record<string, unknown>>, scopeName = "@spancost/instrumentation-openai") {
  return readSpan({
    name: "speech tts-1",
    scopeName,
    scopeVersion: "0.1.0",
    statusCode: 0,
    attributes: { "gen_ai.operation.name": "speech", "gen_ai.request.model": "tts-1", ...attributes },
    resourceAttributes: {},
    startTimeUnixNano: 0n,
    endTimeUnixNano: 1n,
  });
}

describe("usage that is not counted in tokens", () => {
  it("is known without any tokens", () => {
    for (const [attribute, value, bucket, expected] of [
      ["spancost.usage.images", 2, "images", 2],
      ["spancost.usage.characters", 7, "characters", 7],
      ["spancost.usage.audio_seconds", 8.470000267, "audioSeconds", "8.470000267"],
      ["spancost.usage.audio_seconds", 90n, "audioSeconds", "90"],
      ["spancost.usage.audio_seconds", 0, "audioSeconds", "0"],
      ["spancost.usage.video_seconds", 1e-12, "videoSeconds", "0"],
    ] as const) {
      const reading = read({ [attribute]: value });
      expect([attribute, reading?.usage[bucket], reading?.usageKnown]).toEqual([attribute, expected, true]);
    }
  });

  it("is rejected where it cannot be", () => {
    for (const seconds of [-1, 1e300, Number.POSITIVE_INFINITY]) {
      expect(read({ "spancost.usage.audio_seconds": seconds })?.usageIssue).toBe("bad-seconds");
    }
    expect(read({ "spancost.usage.images": -1 })?.usageIssue).toBe("negative-count");
  });
});

describe("the provider's own cost", () => {
  const cost = (source: string, scopeName?: string) =>
    read({ "gen_ai.usage.cost.amount": 0.000014625, "gen_ai.usage.cost.source": source }, scopeName)?.providedUsd;

  it("is believed from our instrumentations when it stood in the response, and no estimate is", () => {
    expect(cost("provider")).toBe("0.000014625");
    expect(cost("local")).toBeNull();
  });

  it("is believed from nobody else", () => {
    expect(cost("provider", "somebody-else")).toBeNull();
  });
});
