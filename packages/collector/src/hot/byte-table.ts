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
/** More entries of one hash are not remembered: looking through them would cost more than it saves. */
const MAX_BUCKET = 32;

/** Remembers what follows from some bytes alone: texts that come again and again are looked at once. */
export class ByteTable<Entry extends KnownBytes> {
  readonly #create: (known: KnownBytes, bytes: Buffer) => Entry | undefined;
  readonly #limits: ByteTableLimits;
  readonly #buckets = new Map<number, Entry[]>();
  #size = 0;

  /** `create` makes the entry for bytes that are new; `undefined` when they mean nothing that can be remembered. */
  constructor(limits: ByteTableLimits, create: (known: KnownBytes, bytes: Buffer) => Entry | undefined) {
    this.#limits = limits;
    this.#create = create;
  }

  get size(): number {
    return this.#size;
  }

  get isFull(): boolean {
    return this.#size >= this.#limits.entries;
  }

  /** Finds or makes the entry of the bytes at `at`. */
  find(view: DataView, at: number, sizeBytes: number): Entry | undefined {
    if (sizeBytes > this.#limits.sizeBytes) return undefined;
    const hash = hashBytes(view, at, sizeBytes);
    const bucket = this.#buckets.get(hash);
    if (bucket !== undefined) for (const entry of bucket) if (isAt(entry, view, at, sizeBytes)) return entry;
    if (this.isFull || (bucket !== undefined && bucket.length >= MAX_BUCKET)) return undefined;
    return this.#add(hash, bucket, view, at, sizeBytes);
  }

  #add(hash: number, bucket: Entry[] | undefined, view: DataView, at: number, sizeBytes: number): Entry | undefined {
    const bytes = Buffer.from(Buffer.from(view.buffer, view.byteOffset + at, sizeBytes));
    const entry = this.#create({ id: this.#size, sizeBytes, words: toWords(bytes) }, bytes);
    if (entry === undefined) return undefined;
    this.#size += 1;
    if (bucket === undefined) this.#buckets.set(hash, [entry]);
    else bucket.push(entry);
    return entry;
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

/** Of length, beginning, middle and end: texts that differ elsewhere only share a bucket, of which there is a bound. */
function hashBytes(view: DataView, at: number, sizeBytes: number): number {
  if (sizeBytes < 4) return Math.imul(sizeBytes === 0 ? 0 : tailAt(view, at, sizeBytes), MULTIPLIER) ^ sizeBytes;
  let hash = Math.imul(view.getInt32(at) ^ sizeBytes, MULTIPLIER);
  hash = Math.imul(hash ^ (hash >>> 15) ^ view.getInt32(at + ((sizeBytes - 4) >> 1)), MULTIPLIER);
  return Math.imul(hash ^ (hash >>> 15) ^ view.getInt32(at + sizeBytes - 4), MULTIPLIER);
}

function toWords(bytes: Buffer): Int32Array {
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
