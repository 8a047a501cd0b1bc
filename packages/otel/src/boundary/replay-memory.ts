/** Remembers signatures until nobody would believe them any more, within a bound. */
export class ReplayMemory {
  readonly #believedUntil = new Map<string, number>();
  readonly #maxSignatures: number;
  #sweptAtSecond = 0;

  constructor(maxSignatures: number) {
    this.#maxSignatures = maxSignatures;
  }

  /** Says whether a verified signature came for the first time, and remembers it; a full memory says no, on the safe side. */
  admit(signature: string, believedUntil: number, nowSeconds: number): boolean {
    if (this.#believedUntil.has(signature)) return false;
    if (this.#believedUntil.size >= this.#maxSignatures) this.#sweep(Math.floor(nowSeconds));
    if (this.#believedUntil.size >= this.#maxSignatures) return false;
    this.#believedUntil.set(signature, believedUntil);
    return true;
  }

  /** At most once a second: a full memory must not cost each request a walk over it. */
  #sweep(nowSecond: number): void {
    if (nowSecond === this.#sweptAtSecond) return;
    this.#sweptAtSecond = nowSecond;
    for (const [signature, until] of this.#believedUntil) {
      if (until < nowSecond) this.#believedUntil.delete(signature);
    }
  }
}
