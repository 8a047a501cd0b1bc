import { EventStreamBodyReader } from "./event-stream-body-reader.ts";
import { HeadedBodyReader } from "./headed-body-reader.ts";
import { parseJson } from "./json-fields.ts";
import { toLatin1 } from "./latin1.ts";
import { SseSplitter } from "./sse-splitter.ts";
import { readTopLevelFields } from "./top-level-fields.ts";
import { type WireFormat, type WireOutcome, UNKNOWN_OUTCOME } from "./wire-format.ts";
import type { WireHeaders } from "./wire-head.ts";

/** Longest JSON body that is collected from pieces, in bytes; a longer one has unknown usage. */
export const MAX_JSON_BODY_BYTES = 16 * 1024 * 1024;

/** Reads one response body, as it passes or whole, without keeping more of it than the outcome needs. */
export interface BodyReader {
  /** The next bytes; no reference to them is kept. */
  readBytes(bytes: Uint8Array): void;
  /** The whole body as text. */
  readText(text: string): void;
  /** The whole body as parsed JSON. */
  readValue(value: unknown): void;
  /** Whether nothing that still comes can change the outcome. */
  readonly finished: boolean;
  /** Whether no byte of the body matters, so that none need be given. */
  readonly ignoresBytes: boolean;
  /** The body is at its end. */
  end(): void;
  /** What is known so far. */
  outcome(): WireOutcome;
}

/** Shorter pieces of a JSON body are collected in buffers of this size, in bytes. */
const SMALL_PIECE_BYTES = 4 * 1024;

const EVENT_STREAM = /^\s*text\/event-stream/i;
const AWS_EVENT_STREAM = /^\s*application\/vnd\.amazon\.eventstream/i;
/** Sound, pictures, films. */
const BINARY = /^\s*(?:audio|image|video)\//i;

/**
 * Picks the reader for a response with these headers. What is neither an event stream nor sound nor pictures is taken for JSON,
 * unknown bytes too where the format does not expect them.
 */
export function createBodyReader(format: WireFormat, headers: WireHeaders): BodyReader {
  const body = pickReader(format, headers.get("content-type") ?? "");
  return format.readHeaders === undefined ? body : new HeadedBodyReader(body, format.readHeaders(headers));
}

function pickReader(format: WireFormat, type: string): BodyReader {
  if (AWS_EVENT_STREAM.test(type)) return new EventStreamBodyReader(format);
  if (EVENT_STREAM.test(type)) return new SseBodyReader(format);
  const isBinary = BINARY.test(type) || (format.readBinary !== undefined && /octet-stream/i.test(type));
  return isBinary ? new BinaryBodyReader(format) : new JsonBodyReader(format);
}

/** Looks at no byte: that the provider began to answer is all that such a body tells. */
class BinaryBodyReader implements BodyReader {
  readonly finished = false;
  readonly ignoresBytes = true;
  readonly #format: WireFormat;

  constructor(format: WireFormat) {
    this.#format = format;
  }

  readBytes(): void {}
  readText(): void {}
  readValue(): void {}
  end(): void {}

  outcome(): WireOutcome {
    return this.#format.readBinary?.() ?? UNKNOWN_OUTCOME;
  }
}

class SseBodyReader implements BodyReader {
  readonly ignoresBytes = false;
  readonly #reader;
  readonly #splitter: SseSplitter;

  constructor(format: WireFormat) {
    const reader = format.createStreamReader();
    this.#reader = reader;
    this.#splitter = new SseSplitter((event) => reader.readEvent(event));
  }

  get finished(): boolean {
    return this.#reader.finished;
  }

  readBytes(bytes: Uint8Array): void {
    if (this.#reader.mayTell === undefined) return this.#splitter.write(bytes);
    const text = toLatin1(bytes);
    let start = 0;
    if (!this.#splitter.isBetweenEvents) {
      start = findEventEnd(text, text.indexOf("\n\n"));
      this.#splitter.write(start === text.length ? bytes : bytes.subarray(0, start));
      if (start === text.length) return;
    }
    // Whole events without anything to tell are passed over; what tells, or has no end yet, is read.
    const rest = start === 0 ? text : text.slice(start);
    if (this.#splitter.isBetweenEvents && !this.#reader.mayTell(rest)) {
      if (rest.endsWith("\n\n")) return;
      start += rest.lastIndexOf("\n\n") === -1 ? 0 : rest.lastIndexOf("\n\n") + 2;
    }
    this.#splitter.write(bytes.subarray(start));
  }

  readText(text: string): void {
    this.#splitter.write(new TextEncoder().encode(text));
  }

  readValue(): void {}

  end(): void {
    this.#splitter.end();
  }

  outcome(): WireOutcome {
    return this.#reader.outcome();
  }
}

/** The place after a blank line; the text's end when there is none. */
function findEventEnd(text: string, blankLine: number): number {
  return blankLine === -1 ? text.length : blankLine + 2;
}

class JsonBodyReader implements BodyReader {
  readonly #format: WireFormat;
  readonly finished = false;
  readonly ignoresBytes = false;
  /** Large pieces as they came; small ones together, as a piece of a byte each would cost a hundred times its size. */
  #parts: Uint8Array[] = [];
  #small: Uint8Array | undefined;
  #smallBytes = 0;
  #sizeBytes = 0;
  #outcome: WireOutcome = UNKNOWN_OUTCOME;

  constructor(format: WireFormat) {
    this.#format = format;
  }

  readBytes(bytes: Uint8Array): void {
    this.#sizeBytes += bytes.length;
    if (this.#sizeBytes > MAX_JSON_BODY_BYTES) {
      this.#parts = [];
      this.#small = undefined;
    } else if (bytes.length < SMALL_PIECE_BYTES) this.#collectSmall(bytes);
    else {
      this.#closeSmall();
      // `slice` of a Buffer would be the same bytes.
      this.#parts.push(new Uint8Array(bytes));
    }
  }

  #collectSmall(bytes: Uint8Array): void {
    if (this.#smallBytes + bytes.length > SMALL_PIECE_BYTES) this.#closeSmall();
    this.#small ??= new Uint8Array(SMALL_PIECE_BYTES);
    this.#small.set(bytes, this.#smallBytes);
    this.#smallBytes += bytes.length;
  }

  #closeSmall(): void {
    if (this.#small !== undefined) this.#parts.push(this.#small.subarray(0, this.#smallBytes));
    this.#small = undefined;
    this.#smallBytes = 0;
  }

  readText(text: string): void {
    const isList = text.trimStart().startsWith("[");
    this.readValue(isList ? parseJson(text) : readTopLevelFields(text, this.#format.responseFields));
  }

  readValue(value: unknown): void {
    this.#outcome = this.#format.readResponse(value);
  }

  end(): void {
    this.#closeSmall();
    if (this.#parts.length === 0) return;
    const decoder = new TextDecoder();
    this.readText(this.#parts.map((part) => decoder.decode(part, { stream: true })).join("") + decoder.decode());
    this.#parts = [];
  }

  outcome(): WireOutcome {
    return this.#outcome;
  }
}
