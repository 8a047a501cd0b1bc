import { crc32 } from "./crc32.ts";
import { CHECKSUM_BYTES, PRELUDE_BYTES, readEventStreamMessage } from "./event-stream-message.ts";
import type { SseEvent } from "./sse-splitter.ts";

/** Longest message that is kept, in bytes; AWS allows 24 MiB, a model's chunk is some kilobytes. */
export const MAX_EVENT_STREAM_MESSAGE_BYTES = 8 * 1024 * 1024;

/** Where the checksum of the two lengths stands. */
const PRELUDE_CHECKED_BYTES = 8;
/** What is set aside for a message whose beginning came; grows with the bytes that come, not with the length that is announced. */
const INITIAL_BYTES = 1024;

/**
 * Splits an AWS event stream (`application/vnd.amazon.eventstream`), given in arbitrary pieces, into its events. Holds one
 * message at most. One that is too long or whose checksum is wrong is dropped and counted; behind lengths whose own checksum
 * is wrong nothing can be found any more, so the rest of the stream is left unread.
 * @see https://smithy.io/2.0/aws/amazon-eventstream.html read 2026-11-20
 */
export class EventStreamSplitter {
  readonly #onEvent: (event: SseEvent) => void;
  readonly #maxMessageBytes: number;
  /** The beginning of a message whose end has not come yet. */
  #held: Uint8Array = new Uint8Array(INITIAL_BYTES);
  #heldBytes = 0;
  #bytesToSkip = 0;
  #damaged = false;
  #droppedEvents = 0;

  constructor(onEvent: (event: SseEvent) => void, maxMessageBytes = MAX_EVENT_STREAM_MESSAGE_BYTES) {
    this.#onEvent = onEvent;
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** Messages that were too long to keep or damaged. */
  get droppedEvents(): number {
    return this.#droppedEvents;
  }

  /** Reads the next piece. Keeps no reference to it: its buffer may be transferred afterwards. */
  write(bytes: Uint8Array): void {
    let position = 0;
    while (position < bytes.length && !this.#damaged) position += this.#take(bytes.subarray(position));
  }

  /** Ends the stream. A message that was cut says nothing: its checksum is missing. */
  end(): void {
    this.#release();
  }

  /** Reads some of the bytes and says how many. */
  #take(bytes: Uint8Array): number {
    if (this.#bytesToSkip > 0) {
      const skipped = Math.min(this.#bytesToSkip, bytes.length);
      this.#bytesToSkip -= skipped;
      return skipped;
    }
    if (this.#heldBytes > 0 || bytes.length < PRELUDE_BYTES) return this.#hold(bytes);
    const length = this.#readLength(bytes);
    if (length === null || length > bytes.length) return this.#hold(bytes);
    this.#readMessage(bytes.subarray(0, length), length);
    return length;
  }

  /** Adds bytes to the message that is held, up to its next border: the end of its prelude, or its own. */
  #hold(bytes: Uint8Array): number {
    const border = this.#heldBytes < PRELUDE_BYTES ? PRELUDE_BYTES : toView(this.#held).getUint32(0);
    const taken = Math.min(border - this.#heldBytes, bytes.length);
    this.#reserve(this.#heldBytes + taken);
    this.#held.set(bytes.subarray(0, taken), this.#heldBytes);
    this.#heldBytes += taken;
    if (this.#heldBytes < border) return taken;
    if (border === PRELUDE_BYTES) this.#checkPrelude();
    else {
      const message = this.#held.subarray(0, border);
      this.#heldBytes = 0;
      this.#readMessage(message, border);
      this.#release();
    }
    return taken;
  }

  #checkPrelude(): void {
    const length = this.#readLength(this.#held);
    if (length === null) {
      this.#damaged = true;
      this.#droppedEvents += 1;
      this.#release();
    } else if (length > this.#maxMessageBytes) {
      this.#droppedEvents += 1;
      this.#bytesToSkip = length - PRELUDE_BYTES;
      this.#release();
    }
  }

  /** The length of the message that begins here; `null` when the prelude is damaged or its figures cannot be. */
  #readLength(bytes: Uint8Array): number | null {
    const view = toView(bytes);
    const length = view.getUint32(0);
    const isPossible = length >= PRELUDE_BYTES + CHECKSUM_BYTES + view.getUint32(4);
    const isIntact = crc32(bytes.subarray(0, PRELUDE_CHECKED_BYTES)) === view.getUint32(PRELUDE_CHECKED_BYTES);
    return isPossible && isIntact ? length : null;
  }

  #readMessage(message: Uint8Array, length: number): void {
    const view = toView(message);
    const checked = length - CHECKSUM_BYTES;
    const isIntact = length <= this.#maxMessageBytes && crc32(message.subarray(0, checked)) === view.getUint32(checked);
    const event = isIntact ? readEventStreamMessage(message, PRELUDE_BYTES + view.getUint32(4)) : undefined;
    if (event === undefined) this.#droppedEvents += 1;
    else this.#onEvent(event);
  }

  #reserve(sizeBytes: number): void {
    if (sizeBytes <= this.#held.length) return;
    const grown = new Uint8Array(Math.max(sizeBytes, this.#held.length * 2));
    grown.set(this.#held.subarray(0, this.#heldBytes));
    this.#held = grown;
  }

  #release(): void {
    this.#heldBytes = 0;
    if (this.#held.length > INITIAL_BYTES) this.#held = new Uint8Array(INITIAL_BYTES);
  }
}

function toView(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
