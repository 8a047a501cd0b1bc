import { createHash } from "node:crypto";

/** A reproducible source of numbers for one call. */
export interface Draw {
  /** A whole number from `min` to `max`, both included; the same name gives the same number again. */
  integer(name: string, min: number, max: number): number;
  /** True in about `percent` of a hundred calls. */
  chance(name: string, percent: number): boolean;
  /** A hexadecimal id of `length` digits (at most 64). */
  hex(name: string, length: number): string;
}

/** Hands out one `Draw` a request. */
export interface DrawSource {
  /** The same key (a request's content) gives other numbers each time it comes back, in the same sequence for the same seed. */
  next(key: string): Draw;
  /** The same key gives the same numbers each time. */
  fixed(key: string): Draw;
}

/** First 48 bits of a digest: the most that a double holds with a whole number of bytes. */
const DRAW_BYTES = 6;

/**
 * Draws depend on the seed, the request's content and how often it came, not on arrival order,
 * so concurrent runs of the same requests are billed the same.
 */
export function createDrawSource(seed: number): DrawSource {
  const timesSeen = new Map<string, number>();
  return {
    next(key) {
      const times = timesSeen.get(key) ?? 0;
      timesSeen.set(key, times + 1);
      return createDraw(digest(`${seed}\n${times}\n${key}`).toString("hex"));
    },
    fixed: (key) => createDraw(digest(`${seed}\nfixed\n${key}`).toString("hex")),
  };
}

function createDraw(root: string): Draw {
  const integer = (name: string, min: number, max: number): number =>
    min + (digest(`${root}\n${name}`).readUIntBE(0, DRAW_BYTES) % (max - min + 1));
  return {
    integer,
    chance: (name, percent) => integer(name, 0, 99) < percent,
    hex: (name, length) => digest(`${root}\n${name}`).toString("hex").slice(0, length),
  };
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
