import { expect, it } from "vitest";
import { gunzipSync, gzipSync } from "node:zlib";
import { freeBytes } from "../../src/receiver/free-bytes.ts";

const LARGE = 100_000;

it("gives back what owns its memory, also when that is a byte longer", () => {
  const own = Buffer.allocUnsafeSlow(LARGE);
  const unpacked = gunzipSync(gzipSync(Buffer.alloc(LARGE)), { chunkSize: LARGE + 1 });
  for (const bytes of [own, unpacked]) {
    freeBytes(bytes);
    expect([bytes.length, bytes.buffer.byteLength]).toEqual([0, 0]);
  }
});

it("leaves alone what shares its memory with others, or is small", () => {
  const whole = Buffer.alloc(LARGE, "x");
  const parts = [whole.subarray(0, LARGE / 2), Buffer.from("small"), Buffer.from(new SharedArrayBuffer(LARGE))];
  for (const part of parts) {
    const { length } = part;
    freeBytes(part);
    expect(part).toHaveLength(length);
  }
  expect(whole.toString("latin1", LARGE - 2)).toBe("xx");
});
