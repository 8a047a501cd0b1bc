/** Bytes are compared and copied eight at a time, as doubles in big-endian order. */
export const WORD_BYTES = 8;

/**
 * Bytes as doubles, filled up with zeros; `null` where one is NaN, of which not every one stays as it is. Two that are equal, and not
 * zero, have the same bytes.
 */
export function toDoubleWords(bytes: Buffer): Float64Array | null {
  const padded = Buffer.concat([bytes, Buffer.alloc(WORD_BYTES - 1)]);
  const words = Float64Array.from({ length: Math.ceil(bytes.length / WORD_BYTES) }, (_, index) =>
    padded.readDoubleBE(index * WORD_BYTES),
  );
  return words.some((word) => Number.isNaN(word)) ? null : words;
}
