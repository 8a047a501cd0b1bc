/** Less is not worth the call; Node's shared slabs are smaller, too. */
const MIN_BYTES = 16 * 1024;
/** What is unpacked has a byte more than it needs. */
const SLACK_BYTES = 1;

/**
 * Gives the memory of bytes that nobody reads any more back at once; they are empty afterwards. Memory of buffers is outside of V8's heap:
 * left to the collector, bodies make it mark the whole heap again and again (42 times for 1,300 of half a megabyte). Bytes that share their
 * memory with others are left alone.
 */
export function freeBytes({ buffer, length, byteLength }: Buffer): void {
  if (length < MIN_BYTES || !(buffer instanceof ArrayBuffer) || buffer.byteLength > byteLength + SLACK_BYTES) return;
  buffer.transfer(0);
}
