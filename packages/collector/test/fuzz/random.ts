/** Random numbers of which every run with the same seed gives the same. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 32 random bits. @see the finaliser of MurmurHash3, over a Weyl sequence (SplitMix32) */
  bits(): number {
    this.#state = (this.#state + 0x9e37_79b9) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  }

  /** An integer from 0 up to, and without, `bound`. */
  below(bound: number): number {
    return Math.floor((this.bits() / 2 ** 32) * bound);
  }

  chance(probability: number): boolean {
    return this.bits() < probability * 2 ** 32;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined && items.length === 0) throw new RangeError("Nothing can be picked from an empty list.");
    return item as T;
  }

  bytes(size: number): Buffer {
    const bytes = Buffer.alloc(size);
    for (let index = 0; index < size; index += 1) bytes[index] = this.bits();
    return bytes;
  }

  /** Many small sizes and few large ones, below `bound`. */
  smallBelow(bound: number): number {
    return this.below(1 + this.below(1 + this.below(bound)));
  }
}
