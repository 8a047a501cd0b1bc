/** One event of a server-sent event stream, or of an AWS event stream. */
export interface SseEvent {
  /** The `event:` field, or "". */
  readonly event: string;
  /** The `data:` lines, joined by line feeds; the payload of an AWS event. */
  readonly data: string;
  /** The type of the exception that an AWS event stream holds in place of an event. */
  readonly exceptionType?: string;
}

/** Longest event that is kept, in UTF-16 units: a completed OpenAI response with images is some megabytes. */
export const MAX_SSE_EVENT_LENGTH = 8 * 1024 * 1024;

const BYTE_ORDER_MARK = "\uFEFF";

/**
 * Splits a server-sent event stream, given in arbitrary pieces, into its events. Holds one event at most: one longer than
 * `maxEventLength` is dropped and counted, the rest of the stream is read on. A piece is decoded in one go, not line by line:
 * calls of the decoder are what a stream of many small events costs most.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation read 2026-11-20
 */
export class SseSplitter {
  readonly #onEvent: (event: SseEvent) => void;
  readonly #maxEventLength: number;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  /** The beginning of a line whose end has not come yet. */
  #partialLine = "";
  #event = "";
  #data: string | undefined;
  #length = 0;
  #tooLong = false;
  #skipLineFeed = false;
  #atStart = true;
  #droppedEvents = 0;
  /** Whether the last byte was one of a character of several. */
  #isInCharacter = false;

  constructor(onEvent: (event: SseEvent) => void, maxEventLength = MAX_SSE_EVENT_LENGTH) {
    this.#onEvent = onEvent;
    this.#maxEventLength = maxEventLength;
  }

  /** Events that were too long to keep. */
  get droppedEvents(): number {
    return this.#droppedEvents;
  }

  /** Whether nothing of an event is held: bytes up to the end of an event may be left out. */
  get isBetweenEvents(): boolean {
    return this.#length === 0 && !this.#tooLong && !this.#isInCharacter && this.#data === undefined;
  }

  /** Reads the next piece. Keeps no reference to it: its buffer may be transferred afterwards. */
  write(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#isInCharacter = (bytes[bytes.length - 1] ?? 0) > 0x7f;
    this.#readText(this.#decoder.decode(bytes, { stream: true }));
  }

  /** Ends the stream. An event without its closing blank line is still given: it may hold the usage. */
  end(): void {
    this.#readText(this.#decoder.decode());
    if (this.#partialLine !== "") this.#endLine("");
    this.#endEvent();
  }

  #readText(decoded: string): void {
    if (decoded === "") return;
    let text = decoded;
    if (this.#atStart) {
      this.#atStart = false;
      if (text.startsWith(BYTE_ORDER_MARK)) text = text.slice(1);
    }
    let start = this.#skipLineFeed && text.startsWith("\n") ? 1 : 0;
    this.#skipLineFeed = false;
    let feed = text.indexOf("\n", start);
    let carriage = text.indexOf("\r", start);
    while (feed !== -1 || carriage !== -1) {
      const end = feed === -1 || (carriage !== -1 && carriage < feed) ? carriage : feed;
      this.#endLine(text.slice(start, end));
      start = end + 1;
      if (end === carriage) {
        if (feed === start) start += 1;
        else if (start === text.length) this.#skipLineFeed = true;
        carriage = text.indexOf("\r", start);
      }
      if (feed !== -1 && feed < start) feed = text.indexOf("\n", start);
    }
    if (start < text.length && this.#grow(text.length - start)) this.#partialLine += text.slice(start);
  }

  /** Accounts for text of the current event; false once it is too long, and then all of it is let go. */
  #grow(length: number): boolean {
    this.#length += length;
    if (!this.#tooLong && this.#length > this.#maxEventLength) {
      this.#tooLong = true;
      this.#droppedEvents += 1;
      this.#partialLine = "";
      this.#data = undefined;
    }
    return !this.#tooLong;
  }

  #endLine(rest: string): void {
    if (this.#tooLong || !this.#grow(rest.length)) {
      // Only a blank line ends the event; `#length` tells it from the end of a line whose text was let go.
      if (rest === "" && this.#length === 0) this.#endEvent();
      this.#length = 0;
      return;
    }
    const line = this.#partialLine === "" ? rest : this.#partialLine + rest;
    this.#partialLine = "";
    if (line === "") this.#endEvent();
    else this.#readLine(line);
  }

  #readLine(line: string): void {
    const colon = line.indexOf(":");
    const field = colon === -1 ? line : line.slice(0, colon);
    if (field !== "data" && field !== "event") return;
    const value = colon === -1 ? "" : line.slice(line.charCodeAt(colon + 1) === 0x20 ? colon + 2 : colon + 1);
    if (field === "event") this.#event = value;
    else this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`;
  }

  #endEvent(): void {
    const event = this.#event;
    const data = this.#tooLong ? undefined : this.#data;
    this.#event = "";
    this.#data = undefined;
    this.#length = 0;
    this.#tooLong = false;
    if (data !== undefined) this.#onEvent({ event, data });
  }
}
