/** One event of a server-sent event stream. */
export interface SseEvent {
  /** The `event:` field, or "". */
  readonly event: string;
  /** The `data:` lines, joined by line feeds. */
  readonly data: string;
}

/** Longest event that is kept, in bytes: a completed OpenAI response with images is some megabytes. */
export const MAX_SSE_EVENT_BYTES = 8 * 1024 * 1024;

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BYTE_ORDER_MARK = "\uFEFF";

/**
 * Splits a server-sent event stream, given in arbitrary pieces, into its events. Holds one event at most: one longer than
 * `maxEventBytes` is dropped and counted, the rest of the stream is read on.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation read 2026-11-20
 */
export class SseSplitter {
  readonly #onEvent: (event: SseEvent) => void;
  readonly #maxEventBytes: number;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #lineParts: Uint8Array[] = [];
  #event = "";
  #data: string[] = [];
  #sizeBytes = 0;
  #tooLong = false;
  #skipLineFeed = false;
  #atStart = true;
  #droppedEvents = 0;

  constructor(onEvent: (event: SseEvent) => void, maxEventBytes = MAX_SSE_EVENT_BYTES) {
    this.#onEvent = onEvent;
    this.#maxEventBytes = maxEventBytes;
  }

  /** Events that were too long to keep. */
  get droppedEvents(): number {
    return this.#droppedEvents;
  }

  /** Reads the next piece. Keeps no reference to it: its buffer may be transferred afterwards. */
  write(bytes: Uint8Array): void {
    let start = 0;
    if (this.#skipLineFeed && bytes.length > 0) {
      this.#skipLineFeed = false;
      if (bytes[0] === LINE_FEED) start = 1;
    }
    let feed = bytes.indexOf(LINE_FEED, start);
    let carriage = bytes.indexOf(CARRIAGE_RETURN, start);
    while (feed !== -1 || carriage !== -1) {
      const end = feed === -1 || (carriage !== -1 && carriage < feed) ? carriage : feed;
      this.#endLine(bytes.subarray(start, end));
      start = end + 1;
      if (end === carriage) {
        if (feed === start) start += 1;
        else if (start === bytes.length) this.#skipLineFeed = true;
        carriage = bytes.indexOf(CARRIAGE_RETURN, start);
      }
      if (feed !== -1 && feed < start) feed = bytes.indexOf(LINE_FEED, start);
    }
    if (start < bytes.length) this.#keep(bytes.subarray(start));
  }

  /** Ends the stream. An event without its closing blank line is still given: it may hold the usage. */
  end(): void {
    if (this.#lineParts.length > 0) this.#endLine(new Uint8Array(0));
    this.#endEvent();
  }

  #keep(part: Uint8Array): void {
    if (this.#grow(part.length)) this.#lineParts.push(part.slice());
  }

  /** Accounts for bytes of the current event; false once it is too long, and then all of it is let go. */
  #grow(sizeBytes: number): boolean {
    this.#sizeBytes += sizeBytes;
    if (!this.#tooLong && this.#sizeBytes > this.#maxEventBytes) {
      this.#tooLong = true;
      this.#droppedEvents += 1;
      this.#lineParts = [];
      this.#data = [];
    }
    return !this.#tooLong;
  }

  #endLine(rest: Uint8Array): void {
    if (this.#tooLong) {
      // Only a blank line ends the event; `#sizeBytes` tells it from the end of a line whose bytes were let go.
      if (rest.length === 0 && this.#sizeBytes === 0) this.#endEvent();
      this.#sizeBytes = 0;
      return;
    }
    if (rest.length === 0 && this.#lineParts.length === 0) return this.#endEvent();
    if (!this.#grow(rest.length)) {
      this.#sizeBytes = 0;
      return;
    }
    const line = this.#decoder.decode(this.#lineParts.length === 0 ? rest : joinBytes([...this.#lineParts, rest]));
    this.#lineParts = [];
    this.#readLine(this.#atStart && line.startsWith(BYTE_ORDER_MARK) ? line.slice(1) : line);
    this.#atStart = false;
  }

  #readLine(line: string): void {
    const colon = line.indexOf(":");
    const field = colon === -1 ? line : line.slice(0, colon);
    if (field !== "data" && field !== "event") return;
    const value = colon === -1 ? "" : line.slice(line.charCodeAt(colon + 1) === 0x20 ? colon + 2 : colon + 1);
    if (field === "data") this.#data.push(value);
    else this.#event = value;
  }

  #endEvent(): void {
    const event = { event: this.#event, data: this.#data.join("\n") };
    const isKept = !this.#tooLong && this.#data.length > 0;
    this.#event = "";
    this.#data = [];
    this.#sizeBytes = 0;
    this.#tooLong = false;
    if (isKept) this.#onEvent(event);
  }
}

function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}
