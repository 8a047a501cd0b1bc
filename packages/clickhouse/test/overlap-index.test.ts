import { expect, it } from "vitest";
import { OverlapIndex, type TimedCall } from "../src/maintenance/overlap-index.ts";
import { createRandom } from "./random.ts";

const TOLERANCE = 3n;

function overlap(a: TimedCall, b: TimedCall): boolean {
  return (
    a.producer !== b.producer &&
    a.service === b.service &&
    a.startTimeUnixNano <= b.endTimeUnixNano + TOLERANCE &&
    a.endTimeUnixNano >= b.startTimeUnixNano - TOLERANCE
  );
}

it("finds what comparing each with each finds", () => {
  const random = createRandom(17);
  const create = (): TimedCall => {
    const start = BigInt(random.below(400));
    const endTimeUnixNano = start + BigInt(random.below(10) === 0 ? random.below(200) : random.below(5));
    return {
      producer: random.pick(["p", "q", "r"]),
      service: random.pick(["s", "t"]),
      startTimeUnixNano: start,
      endTimeUnixNano,
    };
  };
  const found = { some: 0, none: 0 };
  for (let round = 0; round < 300; round += 1) {
    const calls = Array.from({ length: random.below(12) }, create);
    const index = new OverlapIndex(calls, TOLERANCE);
    for (const candidate of Array.from({ length: 20 }, create)) {
      const expected = calls.some((call) => overlap(call, candidate));
      expect(index.overlapsAnother(candidate)).toBe(expected);
      found[expected ? "some" : "none"] += 1;
    }
  }
  expect(Math.min(found.some, found.none)).toBeGreaterThan(500);
});
