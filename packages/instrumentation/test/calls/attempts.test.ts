import { describe, expect, it } from "vitest";
import { countAttempt, rememberAttempt } from "../../src/calls/attempts.ts";
import type { RequestFacts } from "../../src/calls/start-call.ts";

function facts(url: string, headers: Record<string, string> = {}): RequestFacts {
  return { url, method: "POST", readBody: () => null, readHeader: (name) => headers[name] ?? null };
}

describe("countAttempt", () => {
  it("takes the number that the SDK sends", () => {
    expect(countAttempt(facts("https://a/1", { "x-stainless-retry-count": "2" }), "{}", "").number).toBe(2);
    expect(countAttempt(facts("https://a/1", { "amz-sdk-request": "attempt=3; max=4" }), "{}", "").number).toBe(2);
    expect(countAttempt(facts("https://a/1", { "x-stainless-retry-count": "-1" }), "{}", "").number).toBe(0);
  });

  it("counts on when the same request comes again after a failure, and only then", () => {
    const request = facts("https://a/2");
    const first = countAttempt(request, "{1}", "span");
    expect(countAttempt(request, "{1}", "span").number).toBe(0);
    rememberAttempt(first);
    expect(countAttempt(request, "{2}", "span").number).toBe(0);
    expect(countAttempt(request, "{1}", "other span").number).toBe(0);
    const second = countAttempt(request, "{1}", "span");
    expect(second.number).toBe(1);
    rememberAttempt(second);
    expect(countAttempt(request, "{1}", "span").number).toBe(2);
    expect(countAttempt(request, "{1}", "span").number).toBe(0);
  });
});
