/** Bytes on either side of a body, which no decoder may look at. */
const MARGIN_BYTES = 64;

/** What stands around a body: nothing, or what reads like more of it. */
const POISONS = [Buffer.from([0x00]), Buffer.from("0a027b7d4a0a0a016b12050a03626164ff", "hex")];

/** Places bodies inside larger buffers whose other bytes differ from one to the next. */
export class Surroundings {
  readonly #arenas = POISONS.map(() => Buffer.alloc(1_048_576));
  #turn = 0;

  /** The body in one buffer after the other, at offsets of every alignment. */
  place(body: Uint8Array): Uint8Array[] {
    this.#turn += 1;
    return POISONS.map((poison, index) => {
      const start = MARGIN_BYTES + ((this.#turn * (index + 3)) % 8);
      const end = start + body.length;
      const arena = this.#arenaOf(index, end + MARGIN_BYTES);
      arena.fill(poison, 0, start);
      arena.set(body, start);
      arena.fill(poison, end, end + MARGIN_BYTES);
      return new Uint8Array(arena.buffer, arena.byteOffset + start, body.length);
    });
  }

  #arenaOf(index: number, sizeBytes: number): Buffer {
    const arena = this.#arenas[index];
    if (arena !== undefined && arena.length >= sizeBytes) return arena;
    const larger = Buffer.alloc(sizeBytes * 2);
    this.#arenas[index] = larger;
    return larger;
  }
}
