import type { MapColumn } from "@spancost/clickhouse";
import { type AttributeMemo, canRemember } from "./attribute-memo.ts";
import { type ByteTable, isAt } from "./byte-table.ts";
import { MAX_PLAIN_BYTES } from "./call-template.ts";
import { isPlain } from "./is-plain.ts";
import type { KnownKey } from "./known-key.ts";
import type { KnownText } from "./known-text.ts";
import type { ReadAttributes } from "./read-attributes.ts";
import { ComposedValues, readVarint, VALUE, writeInteger, writeText, writeTruth } from "./value-writer.ts";
import { bytesField, fixed64Field, NOT_UNDERSTOOD, varintField, WireReader } from "./wire-reader.ts";

const KEY_TAG = bytesField(1);
const VALUE_TAG = bytesField(2);
const TEXT_TAG = bytesField(1);
const TRUTH_TAG = varintField(2);
const INTEGER_TAG = varintField(3);
const DOUBLE_TAG = fixed64Field(4);
/** Varints of so many bytes are whole numbers below 2^49: none is negative, and a double holds them. */
const MAX_COUNT_BYTES = 7;
/** Of so many, below 2^28. */
const MAX_SMALL_BYTES = 4;

/** Which attributes are not stored, besides those that are content wherever they stand. */
export type IsDropped = (key: KnownKey) => boolean;

/** Writes attributes into a column as they stand in a request, and notes those that reading a call looks at. */
export class AttributeEncoder {
  reader = new WireReader(new Uint8Array(0));
  readonly #keys: ByteTable<KnownKey>;
  readonly #texts: ByteTable<KnownText>;
  readonly #composed = new ComposedValues();
  /** The last holder of attributes that had a key, by the key's number: no key may come twice. */
  #holders = new Int32Array(1_024);
  #holder = 0;

  constructor(keys: ByteTable<KnownKey>, texts: ByteTable<KnownText>) {
    this.#keys = keys;
    this.#texts = texts;
  }

  /** Begins the attributes of a span, an event or a link. */
  begin(): void {
    this.#holder = (this.#holder + 1) | 0;
    if (this.#holder !== 0) return;
    this.#holders.fill(0);
    this.#holder = 1;
  }

  /**
   * Writes the attribute that stands from `at` to `end`: one key and its value, in this order and once each, as everybody writes them.
   * `memo` is what stood at its place last time, `read` is where it is noted; both are for spans only.
   */
  encode(
    at: number,
    end: number,
    column: MapColumn,
    isDropped: IsDropped,
    memo: AttributeMemo | null,
    read: ReadAttributes | null,
  ): void {
    const { view } = this.reader;
    if (memo !== null && memo.key !== undefined && memo.isAt(view, at, end - at)) {
      const { key } = memo;
      this.#once(key);
      if (read !== null && key.use !== null) this.#note(read, key, memo.type, at + memo.valueAt, memo.valueSize, memo.textId);
      if (isDropped(key)) return;
      column.key(key);
      column.values.copy(memo.encoded, memo.encodedSize);
      return;
    }
    this.#encode(at, end, column, isDropped, memo, read);
  }

  #encode(
    start: number,
    end: number,
    column: MapColumn,
    isDropped: IsDropped,
    memo: AttributeMemo | null,
    read: ReadAttributes | null,
  ): void {
    const { reader } = this;
    const { view } = reader;
    reader.at = start;
    if (reader.small() !== KEY_TAG) throw NOT_UNDERSTOOD;
    const keyEnd = reader.endOfBytes(end);
    const key = this.#findKey(reader.at, keyEnd - reader.at, memo);
    this.#once(key);
    reader.at = keyEnd;
    const valuesBefore = column.values.length;
    const isStored = !isDropped(key);
    if (isStored) column.key(key);
    const { values } = column;
    let type: number = VALUE.none;
    let [valueAt, valueSize, textId] = [end, 0, 0];
    if (keyEnd !== end) {
      if (reader.small() !== VALUE_TAG || reader.endOfBytes(end) !== end) throw NOT_UNDERSTOOD;
      const tagAt = reader.at;
      const tag = tagAt === end ? 0 : reader.small();
      valueAt = reader.at;
      if (tag === TEXT_TAG) {
        if (reader.endOfBytes(end) !== end) throw NOT_UNDERSTOOD;
        type = VALUE.text;
        valueAt = reader.at;
        valueSize = end - valueAt;
        if (isStored) writeText(values, view, valueAt, valueSize);
      } else if (tag === INTEGER_TAG) {
        type = VALUE.integer;
        valueSize = reader.skipVarint();
        if (reader.at !== end) throw NOT_UNDERSTOOD;
        if (isStored) writeInteger(values, reader, valueAt, valueSize);
      } else if (tag === DOUBLE_TAG) {
        type = VALUE.double;
        valueSize = 8;
        if (valueAt + 8 !== end) throw NOT_UNDERSTOOD;
        if (isStored) values.asciiText(String(view.getFloat64(valueAt, true)));
      } else if (tag === TRUTH_TAG) {
        type = VALUE.truth;
        valueSize = reader.small() === 0 ? 0 : 1;
        if (reader.at !== end) throw NOT_UNDERSTOOD;
        if (isStored) writeTruth(values, valueSize);
      } else if (tag !== 0) {
        type = VALUE.composed;
        reader.at = tagAt;
        const encoded = this.#composed.render(reader, end);
        valueAt = tagAt;
        valueSize = end - tagAt;
        if (isStored) values.raw(encoded);
      } else if (isStored) values.emptyText();
    } else if (isStored) values.emptyText();
    if (read !== null && key.use !== null) {
      if (type === VALUE.text && key.use === "text") textId = this.#findText(valueAt, valueSize, read);
      this.#note(read, key, type, valueAt, valueSize, textId);
    }
    if (memo === null || !memo.miss()) return;
    const encodedSize = values.length - valuesBefore;
    memo.key = key;
    if (!canRemember(encodedSize)) return;
    memo.learn(view, start, end - start);
    memo.type = type;
    memo.valueAt = valueAt - start;
    memo.valueSize = valueSize;
    memo.textId = textId;
    memo.encodedSize = encodedSize;
    for (let index = 0; index < encodedSize; index += 1)
      memo.encoded.setUint8(index, values.bytes[valuesBefore + index] ?? 0);
  }

  #findKey(at: number, size: number, memo: AttributeMemo | null): KnownKey {
    const { view } = this.reader;
    const guess = memo?.key;
    if (guess !== undefined && isAt(guess, view, at, size)) return guess;
    const key = this.#keys.find(view, at, size);
    if (key === undefined) throw NOT_UNDERSTOOD;
    if (key.id >= this.#holders.length) {
      const grown = new Int32Array(2 * key.id);
      grown.set(this.#holders);
      this.#holders = grown;
    }
    return key;
  }

  #once({ id }: KnownKey): void {
    if (this.#holders[id] === this.#holder) throw NOT_UNDERSTOOD;
    this.#holders[id] = this.#holder;
  }

  /** The number of a text that says what a call is; -1, and the span is read whole, for one that cannot be remembered. */
  #findText(at: number, size: number, read: ReadAttributes): number {
    const text = this.#texts.find(this.reader.view, at, size);
    if (text === undefined) read.isWhole = true;
    return text?.id ?? -1;
  }

  #note(read: ReadAttributes, key: KnownKey, type: number, at: number, size: number, textId: number): void {
    const { use } = key;
    read.note(key, type, at, size);
    if (use === "whole") read.isWhole = true;
    else if (use === "mark") return;
    else if (type === VALUE.text) {
      if (use === "text") read.noteValue(textId);
      else if (use === "identity" && !isPlain(this.reader.view, at, size, MAX_PLAIN_BYTES)) read.isWhole = true;
    } else if (type === VALUE.integer) {
      if (size > MAX_COUNT_BYTES) read.isWhole = true;
      else if (use === "text") {
        if (size > MAX_SMALL_BYTES) read.isWhole = true;
        else read.noteValue(readVarint(this.reader.view, at, size));
      }
    } else if (type === VALUE.truth) read.noteValue(size);
    else if (type === VALUE.double && (use === "text" || Number.isNaN(this.reader.view.getFloat64(at, true))))
      read.isWhole = true;
  }
}
