import type { KnownKey } from "../known/known-key.ts";

/** Columns of `places`: a row an attribute that is read. `at` and `size` are the value's bytes; the size of a truth value is 0 or 1. */
export const PLACE = { type: 0, at: 1, size: 2, width: 3 } as const;

/** What goes before the attributes in a signature: resource, scope, status, name, and how many attributes are read. */
const SIGNATURE_HEADER = 5;
const MAX_PLACES = 512;

/** Stands in a signature for a value that it cannot take: the span must be read as a whole. */
export const UNSIGNED = -1;

/** The attributes of one span that reading a call looks at, and the signature by which spans of one form are found. */
export class ReadAttributes {
  readonly places: Int32Array = new Int32Array(PLACE.width * (MAX_PLACES + 1));
  readonly keys: KnownKey[] = [];
  count = 0;
  readonly signature: Int32Array = new Int32Array(SIGNATURE_HEADER + 2 * (MAX_PLACES + 1));
  length = SIGNATURE_HEADER;
  /** The span must be read as a whole: it has something that a signature does not tell. */
  isWhole = false;

  reset(): void {
    this.count = 0;
    this.length = SIGNATURE_HEADER;
    this.isWhole = false;
  }

  /** Begins a span that has the attributes of a template: only what its holes say is added. */
  beginTemplate(id: number): void {
    // No key has a negative number.
    this.signature[SIGNATURE_HEADER] = -1 - id;
    this.length = SIGNATURE_HEADER + 1;
  }

  /** Notes an attribute that is a hole of a template, and whose value says nothing of what the call is. */
  noteHole(key: KnownKey, type: number, at: number, size: number): void {
    const { places, count } = this;
    if (count === MAX_PLACES) this.isWhole = true;
    if (this.isWhole) return;
    this.keys[count] = key;
    const row = count * PLACE.width;
    places[row + PLACE.type] = type;
    places[row + PLACE.at] = at;
    places[row + PLACE.size] = size;
    this.count = count + 1;
  }

  /** Notes an attribute that is a hole of a template. */
  noteSigned(key: KnownKey, type: number, at: number, size: number, signed: number): void {
    if (signed === UNSIGNED) this.isWhole = true;
    this.noteHole(key, type, at, size);
    if (key.use === "text" && !this.isWhole) this.signature[this.length++] = signed;
  }

  /** Notes an attribute by its key, type and place; `signed` is what its value says of the call. */
  note(key: KnownKey, type: number, at: number, size: number, signed: number): void {
    if (signed === UNSIGNED) this.isWhole = true;
    this.noteHole(key, type, at, size);
    if (this.isWhole) return;
    const { signature, length } = this;
    signature[length] = key.id * 8 + type;
    signature[length + 1] = signed;
    this.length = length + 2;
  }
}
