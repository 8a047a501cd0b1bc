import type { KnownKey } from "./known-key.ts";

/** Longer attributes are hardly the same twice, and longer texts are copied as quickly by the column. */
const MAX_BYTES = 160;
/** From so many misses on, a memo is learnt anew every so often only. */
const STEADY_MISSES = 256;

/**
 * What one attribute of a span was when it was looked at last, by its place among the scope's attributes: producers write the same
 * attributes in the same order, and half of them with the same value. One comparison of bytes then stands for reading it.
 */
export class AttributeMemo {
  key: KnownKey | undefined;
  /** Size of the whole attribute; -1 when nothing is compared. */
  sizeBytes = -1;
  /** Its bytes in big-endian words, the last one holding the last four bytes. */
  readonly words: Int32Array = new Int32Array(MAX_BYTES / 4 + 1);
  type = 0;
  /** Where the value stands from the attribute's beginning, and its size, as `ReadAttributes` takes them. */
  valueAt = 0;
  valueSize = 0;
  /** Number of the text, where texts say what a call is. */
  textId = 0;
  /** The value as the column has it. */
  readonly encoded: DataView = new DataView(new ArrayBuffer(MAX_BYTES));
  encodedSize = 0;
  #hits = 0;
  #misses = 0;

  /** Whether the attribute that stands at `at` is the same as last time. */
  isAt(view: DataView, at: number, sizeBytes: number): boolean {
    if (this.sizeBytes !== sizeBytes) return false;
    const { words } = this;
    const last = sizeBytes - 4;
    // The end differs most often: a value stands there.
    if (view.getInt32(at + last) !== words[MAX_BYTES / 4]) return false;
    for (let done = 0, word = 0; done < last; done += 4) if (view.getInt32(at + done) !== words[word++]) return false;
    this.#hits += 1;
    return true;
  }

  /** Counts a miss. @returns whether the attribute should be learnt */
  miss(): boolean {
    this.#misses += 1;
    const misses = this.#misses;
    return (misses & (misses - 1)) === 0 || misses % STEADY_MISSES === 0;
  }

  /** Remembers an attribute; one whose last memory served nobody is compared no longer, until it is learnt again. */
  learn(view: DataView, at: number, sizeBytes: number): void {
    const wasUseless = this.#hits === 0 && this.#misses >= STEADY_MISSES && this.sizeBytes !== -1;
    this.#hits = 0;
    this.sizeBytes = -1;
    if (wasUseless || sizeBytes > MAX_BYTES || sizeBytes < 4) return;
    for (let done = 0, word = 0; done + 4 <= sizeBytes; done += 4) this.words[word++] = view.getInt32(at + done);
    this.words[MAX_BYTES / 4] = view.getInt32(at + sizeBytes - 4);
    this.sizeBytes = sizeBytes;
  }
}

/** Whether a value so long can be remembered. */
export function canRemember(encodedSize: number): boolean {
  return encodedSize <= MAX_BYTES;
}
