import { describe, expect, it } from "vitest";
import { RecentCalls } from "../../src/pipeline/recent-calls.ts";

const SPAN_AT = 16;

function idOf(number: number): DataView {
  const view = new DataView(new ArrayBuffer(24));
  view.setUint32(12, number);
  view.setUint32(20, number * 7);
  return view;
}

describe("the memory of recent calls", () => {
  it("tells a call that comes again from one with other contents", () => {
    const calls = new RecentCalls();
    const note = (number: number, fingerprint: number) => calls.note(idOf(number), 0, SPAN_AT, fingerprint);
    expect([note(1, 5), note(2, 5), note(1, 5), note(1, 6), note(1, 6)]).toEqual([
      "new",
      "new",
      "duplicate",
      "conflicting",
      "duplicate",
    ]);
    expect([note(3, 0xffff_ffff), note(3, 0xffff_ffff)]).toEqual(["new", "duplicate"]);
  });

  it("takes no call for another, and forgets the oldest ones", () => {
    const calls = new RecentCalls(1_024);
    const note = (number: number) => calls.note(idOf(number), 0, SPAN_AT, 0);
    for (let number = 0; number < 100_000; number += 1)
      if (note(number) !== "new") throw new Error(`${number} is taken for another`);
    const known = Array.from({ length: 100 }, (_, index) => note(99_900 + index));
    expect(known.filter((each) => each === "duplicate").length).toBeGreaterThan(90);
    expect(note(1)).toBe("new");
  });
});
