/** UTF-8 as the cold path reads it: what is no UTF-8 becomes U+FFFD, and nothing is left out. */
export function decodeText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
}
