import { afterEach, describe, expect, it, vi } from "vitest";
import { countAttempt, rememberAttempt } from "../../src/calls/attempts.ts";
import type { RequestFacts } from "../../src/calls/start-call.ts";

function facts(url: string, headers: Record<string, string> = {}): RequestFacts {
  return { url, method: "POST", readBody: () => null, readHeader: (name) => headers[name] ?? null };
}

describe("countAttempt", () => {
  afterEach(() => vi.restoreAllMocks());

  it("keeps a few megabytes of failed requests at most, the latest", () => {
    const bodies = Array.from({ length: 40 }, (_none, index) => `${index}${"x".repeat(200_000)}`);
    for (const body of bodies) rememberAttempt(countAttempt(facts("https://a/3"), body, "span"));
    const numbers = bodies.map((body) => countAttempt(facts("https://a/3"), body, "span").number);
    expect(numbers).toEqual([...Array.from({ length: 20 }, () => 0), ...Array.from({ length: 20 }, () => 1)]);
  });

  it("takes nothing for a retry that comes minutes later", () => {
    rememberAttempt(countAttempt(facts("https://a/4"), "{}", "span"));
    const now = performance.now();
    vi.spyOn(performance, "now").mockReturnValue(now + 3 * 60 * 1000);
    expect(countAttempt(facts("https://a/4"), "{}", "span").number).toBe(0);
  });

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
