/** Something known by the bytes that it is written with. */
export interface KnownBytes {
  /** Counts from 0. */
  readonly id: number;
  readonly sizeBytes: number;
  /** The bytes in big-endian words, the last one filled up with zeros. */
  readonly words: Int32Array;
}

/** What a table holds at the most. What is longer, or one too many, is not remembered. */
export interface ByteTableLimits {
  readonly entries: number;
  readonly sizeBytes: number;
}

/** An odd number with well-spread bits: the golden ratio of 2^32. */
const MULTIPLIER = 0x9e37_79b1 | 0;
const INITIAL_SLOTS = 256;
/** What is not found in so many steps is not remembered: texts that were made to share a hash must not cost more and more. */
const MAX_STEPS = 32;

/** Remembers what follows from some bytes alone: texts that come again and again are looked at once. */
export class ByteTable<Entry extends KnownBytes> {
  readonly #create: (known: KnownBytes, bytes: Buffer) => Entry | undefined;
  readonly #limits: ByteTableLimits;
  readonly #entries: Entry[] = [];
  #hashes = new Int32Array(INITIAL_SLOTS);
  /** Numbers of entries plus one, by hash; 0 is free. A slot that is taken sends on to the next one. */
  #slots = new Int32Array(INITIAL_SLOTS);

  /** `create` makes the entry for bytes that are new; `undefined` when they mean nothing that can be remembered. */
  constructor(limits: ByteTableLimits, create: (known: KnownBytes, bytes: Buffer) => Entry | undefined) {
    this.#limits = limits;
    this.#create = create;
  }

  get isFull(): boolean {
    return this.#entries.length >= this.#limits.entries;
  }

  /** Finds or makes the entry of the bytes at `at`. */
  find(view: DataView, at: number, sizeBytes: number): Entry | undefined {
    if (sizeBytes > this.#limits.sizeBytes) return undefined;
    const hash = hashBytes(view, at, sizeBytes);
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask, steps = 0; steps < MAX_STEPS; slot = (slot + 1) & mask, steps += 1) {
      const number = this.#slots[slot] ?? 0;
      if (number === 0) return this.#add(hash, view, at, sizeBytes);
      const entry = this.#entries[number - 1];
      if (entry !== undefined && this.#hashes[slot] === hash && isAt(entry, view, at, sizeBytes)) return entry;
    }
    return undefined;
  }

  #add(hash: number, view: DataView, at: number, sizeBytes: number): Entry | undefined {
    if (this.isFull) return undefined;
    const bytes = Buffer.from(Buffer.from(view.buffer, view.byteOffset + at, sizeBytes));
    const entry = this.#create({ id: this.#entries.length, sizeBytes, words: toIntegerWords(bytes) }, bytes);
    if (entry === undefined) return undefined;
    if (2 * this.#entries.length >= this.#slots.length) this.#grow();
    this.#entries.push(entry);
    this.#place(hash, this.#entries.length);
    return entry;
  }

  #place(hash: number, number: number): void {
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = number;
    this.#hashes[slot] = hash;
  }

  #grow(): void {
    const [slots, hashes] = [this.#slots, this.#hashes];
    this.#slots = new Int32Array(2 * slots.length);
    this.#hashes = new Int32Array(2 * slots.length);
    slots.forEach((number, slot) => {
      if (number !== 0) this.#place(hashes[slot] ?? 0, number);
    });
  }
}

/** Whether an entry's bytes stand at `at`. The quickest way to find one is to guess it and to ask this. */
export function isAt(entry: KnownBytes, view: DataView, at: number, sizeBytes: number): boolean {
  if (entry.sizeBytes !== sizeBytes) return false;
  const { words } = entry;
  let word = 0;
  let done = 0;
  for (; done + 4 <= sizeBytes; done += 4) if (view.getInt32(at + done) !== words[word++]) return false;
  return done === sizeBytes || tailAt(view, at + done, sizeBytes - done) === words[word];
}

/** Of length, beginning, middle and end: texts that differ elsewhere only share a hash, which is bounded. */
function hashBytes(view: DataView, at: number, sizeBytes: number): number {
  if (sizeBytes < 4) return Math.imul(sizeBytes === 0 ? 0 : tailAt(view, at, sizeBytes), MULTIPLIER) ^ sizeBytes;
  let hash = Math.imul(view.getInt32(at) ^ sizeBytes, MULTIPLIER);
  hash = Math.imul(hash ^ (hash >>> 15) ^ view.getInt32(at + ((sizeBytes - 4) >> 1)), MULTIPLIER);
  hash = Math.imul(hash ^ (hash >>> 15) ^ view.getInt32(at + sizeBytes - 4), MULTIPLIER);
  return hash ^ (hash >>> 15);
}

/** As `getInt32` reads them; the last is filled up with zeros. */
function toIntegerWords(bytes: Buffer): Int32Array {
  const padded = Buffer.alloc(Math.ceil(bytes.length / 4) * 4);
  bytes.copy(padded);
  return Int32Array.from({ length: padded.length / 4 }, (_, word) => padded.readInt32BE(word * 4));
}

/** One to three bytes as the beginning of a big-endian word. */
function tailAt(view: DataView, at: number, sizeBytes: number): number {
  let word = 0;
  for (let index = 0; index < sizeBytes; index += 1) word |= view.getUint8(at + index) << (24 - 8 * index);
  return word;
}
