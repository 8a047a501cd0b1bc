import { toLatin1 } from "./latin1.ts";
import { findFirstEventEnd, findLastEventEnd } from "./sse-lines.ts";
import { type Cut, findUsageCuts } from "./usage-cuts.ts";
import type { StreamFilter } from "./wire-format.ts";

/** Longest event that is held back, in bytes; a longer one passes as it is. Chunks of chat are some hundred bytes. */
const MAX_HELD_BYTES = 256 * 1024;
const NOTHING = new Uint8Array(0);
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * Takes out of a stream of OpenAI chat chunks what asking for usage brought in: the chunk of usage alone, and the `"usage":null`
 * of every other. Everything else passes byte for byte, and at once: only an event whose end has not come is held back.
 */
export class UsageFilter implements StreamFilter {
  /** The beginning of an event, in a buffer that grows. */
  #held = NOTHING;
  #heldBytes = 0;
  /** Whether the rest of an event is passed on that was too long to hold. */
  #isPassing = false;
  /** Whether a line feed that comes next still belongs to the line end of an event that was taken out. */
  #dropLineFeed = false;

  write(bytes: Uint8Array): Uint8Array {
    const fresh = this.#dropLineFeed && bytes[0] === LINE_FEED ? bytes.subarray(1) : bytes;
    if (bytes.length > 0) this.#dropLineFeed = false;
    if (fresh.length === 0) return fresh;
    if (this.#heldBytes === 0) return this.#filter(fresh, 0);
    // Two characters of a line end, and the one before it, may have come already.
    const from = Math.max(0, this.#heldBytes - 2);
    this.#append(fresh);
    // What is held is read once, when an event has ended: pieces of a byte each cost no more than their bytes.
    if (!this.#isPassing && this.#heldBytes <= MAX_HELD_BYTES && !this.#hasEventEnd(fresh, from)) return NOTHING;
    const all = this.#held.subarray(0, this.#heldBytes);
    this.#held = NOTHING;
    this.#heldBytes = 0;
    return this.#filter(all, from);
  }

  end(): Uint8Array {
    const rest = this.#held.subarray(0, this.#heldBytes);
    this.#held = NOTHING;
    this.#heldBytes = 0;
    return this.#isPassing ? rest : this.#takeOut(rest, toLatin1(rest), rest.length);
  }

  /** `bytes`: from the start of an event on, with no event's end before `from`. */
  #filter(bytes: Uint8Array, from: number): Uint8Array {
    const text = toLatin1(bytes);
    const end = text.endsWith("\n\n") ? text.length : findLastEventEnd(text, from);
    if (end === -1) return this.#holdBack(bytes);
    if (end < bytes.length) this.#append(bytes.subarray(end));
    if (!this.#isPassing) return this.#takeOut(bytes, text, end);
    // What comes up to the first end of an event belongs to the one that was too long.
    this.#isPassing = false;
    const firstEnd = findFirstEventEnd(text);
    const rest = this.#takeOut(bytes.subarray(firstEnd), text.slice(firstEnd), end - firstEnd);
    return join(bytes.subarray(0, firstEnd), rest);
  }

  #holdBack(bytes: Uint8Array): Uint8Array {
    if (!this.#isPassing && bytes.length <= MAX_HELD_BYTES) {
      this.#append(bytes);
      return NOTHING;
    }
    // The last two bytes stay: they may be half of the blank line.
    this.#isPassing = true;
    this.#append(bytes.subarray(bytes.length - 2));
    return bytes.subarray(0, bytes.length - 2);
  }

  /** Whether an event ends in what was held and a fresh piece after it, looking no further back than `from`. */
  #hasEventEnd(fresh: Uint8Array, from: number): boolean {
    return hasLineEnd(fresh) && findLastEventEnd(toLatin1(this.#held.subarray(from, this.#heldBytes)), 0) !== -1;
  }

  #append(bytes: Uint8Array): void {
    const length = this.#heldBytes + bytes.length;
    if (length > this.#held.length) {
      const larger = new Uint8Array(Math.max(length, Math.min(this.#held.length * 2, 2 * MAX_HELD_BYTES)));
      larger.set(this.#held.subarray(0, this.#heldBytes));
      this.#held = larger;
    }
    this.#held.set(bytes, this.#heldBytes);
    this.#heldBytes = length;
  }

  #takeOut(bytes: Uint8Array, text: string, end: number): Uint8Array {
    const cuts = findUsageCuts(text, end);
    if (cuts.length === 0) return end === bytes.length ? bytes : bytes.subarray(0, end);
    const last = cuts.at(-1);
    this.#dropLineFeed = last?.to === end && text.charAt(end - 1) === "\r";
    return copyWithout(bytes, cuts, end);
  }
}

function hasLineEnd(bytes: Uint8Array): boolean {
  return bytes.includes(LINE_FEED) || bytes.includes(CARRIAGE_RETURN);
}

function join(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

function copyWithout(bytes: Uint8Array, cuts: readonly Cut[], end: number): Uint8Array {
  let length = end;
  for (const { from, to } of cuts) length -= to - from;
  const copy = new Uint8Array(length);
  let read = 0;
  let written = 0;
  for (const { from, to } of cuts) {
    copy.set(bytes.subarray(read, from), written);
    written += from - read;
    read = to;
  }
  copy.set(bytes.subarray(read, end), written);
  return copy;
}
