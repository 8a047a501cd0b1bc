import type { BodyReader } from "./body-reader.ts";
import { EventStreamSplitter } from "./event-stream-splitter.ts";
import type { StreamReader, WireFormat, WireOutcome } from "./wire-format.ts";

/** Reads a body that is an AWS event stream. */
export class EventStreamBodyReader implements BodyReader {
  readonly ignoresBytes = false;
  readonly #reader: StreamReader;
  readonly #splitter: EventStreamSplitter;

  constructor(format: WireFormat) {
    const reader = format.createStreamReader();
    this.#reader = reader;
    this.#splitter = new EventStreamSplitter((event) => reader.readEvent(event));
  }

  get finished(): boolean {
    return this.#reader.finished;
  }

  readBytes(bytes: Uint8Array): void {
    this.#splitter.write(bytes);
  }

  /** An event stream is no text: whoever decoded it has lost its figures. */
  readText(): void {}

  readValue(): void {}

  end(): void {
    this.#splitter.end();
  }

  outcome(): WireOutcome {
    return this.#reader.outcome();
  }
}
