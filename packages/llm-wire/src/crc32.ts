const POLYNOMIAL = 0xedb88320;
const ALL_ONES = 0xffffffff;
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = (value & 1) === 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
  return value;
});

/** The CRC-32 of some bytes as ISO 3309 and gzip have it: an unsigned 32-bit number. */
export function crc32(bytes: Uint8Array): number {
  let crc = ALL_ONES;
  // By index: this runs on every byte of a stream, and an iterator costs several times as much.
  for (let at = 0; at < bytes.length; at += 1) crc = (TABLE[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0) ^ (crc >>> 8);
  return (crc ^ ALL_ONES) >>> 0;
}
