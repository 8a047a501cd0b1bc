import type { KnownKey } from "./known-key.ts";

/** Columns of `places`: a row an attribute that is read. `at` and `size` are the value's bytes; the size of a truth value is 0 or 1. */
export const PLACE = { type: 0, at: 1, size: 2, width: 3 } as const;

/** What goes before the attributes in a signature: resource, scope, status, name, and how many attributes are read. */
export const SIGNATURE_HEADER = 5;
const MAX_PLACES = 512;

/** The attributes of one span that reading a call looks at, and the signature by which spans of one form are found. */
export class ReadAttributes {
  readonly places: Int32Array = new Int32Array(PLACE.width * MAX_PLACES);
  readonly keys: KnownKey[] = [];
  count = 0;
  readonly signature: Int32Array = new Int32Array(SIGNATURE_HEADER + 2 * MAX_PLACES);
  length = SIGNATURE_HEADER;
  /** The span must be read as a whole: it has something that a signature does not tell. */
  isWhole = false;

  reset(): void {
    this.count = 0;
    this.length = SIGNATURE_HEADER;
    this.isWhole = false;
  }

  /** Notes an attribute by its key, type and place. */
  note(key: KnownKey, type: number, at: number, size: number): void {
    const { count, places } = this;
    if (count === MAX_PLACES) {
      this.isWhole = true;
      return;
    }
    const row = count * PLACE.width;
    places[row + PLACE.type] = type;
    places[row + PLACE.at] = at;
    places[row + PLACE.size] = size;
    this.keys[count] = key;
    this.count = count + 1;
    this.signature[this.length++] = key.id * 8 + type;
  }

  /** Adds the value of an attribute that says what a call is. */
  noteValue(value: number): void {
    this.signature[this.length++] = value;
  }
}
