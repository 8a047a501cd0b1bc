import type { BodyReader } from "./body-reader.ts";
import type { WireOutcome } from "./wire-format.ts";
import { addHead, type WireHead } from "./wire-head.ts";

/** Reads a body with another reader, and adds what the response's headers say. */
export class HeadedBodyReader implements BodyReader {
  readonly #body: BodyReader;
  readonly #head: WireHead;

  constructor(body: BodyReader, head: WireHead) {
    this.#body = body;
    this.#head = head;
  }

  get finished(): boolean {
    return this.#body.finished;
  }

  get ignoresBytes(): boolean {
    return this.#body.ignoresBytes;
  }

  readBytes(bytes: Uint8Array): void {
    this.#body.readBytes(bytes);
  }

  readText(text: string): void {
    this.#body.readText(text);
  }

  readValue(value: unknown): void {
    this.#body.readValue(value);
  }

  end(): void {
    this.#body.end();
  }

  outcome(): WireOutcome {
    return addHead(this.#body.outcome(), this.#head);
  }
}
