import type { ByteColumn, MapColumn } from "@spancost/clickhouse";
import { isContentAttribute } from "@spancost/core";
import type { ByteTable } from "./byte-table.ts";
import { MAX_PLAIN_BYTES } from "./call-template.ts";
import type { KnownKey } from "./known-key.ts";
import type { KnownText } from "./known-text.ts";
import { type ReadAttributes, UNSIGNED } from "./read-attributes.ts";
import { type SpanTemplate, stepIsAt, type TemplateAttribute } from "./span-template.ts";
import { ComposedValues, isPlainAscii, readVarint, VALUE, writeInteger, writeText, writeTruth } from "./value-writer.ts";
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

const ATTRIBUTE_TAG = bytesField(9);
/** Tag and length of an attribute of at most 127 bytes. */
const FRAME_BYTES = 2;
/** Longest length that is one byte; a value with its own length may be one longer. */
const MAX_SHORT = 0x7f;
const MAX_SHORT_BYTES = MAX_SHORT + 1;

/** Writes attributes into a column as they stand in a request, and notes those that reading a call looks at. */
export class AttributeEncoder {
  reader = new WireReader(new Uint8Array(0));
  readonly #keys: ByteTable<KnownKey>;
  readonly #texts: ByteTable<KnownText>;
  readonly #storeContent: boolean;
  readonly #composed = new ComposedValues();
  /** The last holder of attributes that had a key, by the key's number: no key may come twice. */
  #holders = new Int32Array(1_024);
  #holder = 0;
  /** Name of the event at hand, where there is one: it says what is content. */
  #eventName: string | null = null;
  /** What was read of a value. */
  #type = 0;
  #valueAt = 0;
  #valueSize = 0;
  #isPlain = false;

  constructor(keys: ByteTable<KnownKey>, texts: ByteTable<KnownText>, storeContent: boolean) {
    this.#keys = keys;
    this.#texts = texts;
    this.#storeContent = storeContent;
  }

  /** Begins the attributes of a span, a link, or an event of this name. */
  begin(eventName: string | null): void {
    this.#eventName = eventName;
    this.#holder = (this.#holder + 1) | 0;
    if (this.#holder !== 0) return;
    this.#holders.fill(0);
    this.#holder = 1;
  }

  /**
   * Writes all attributes of a span, if they are those of a template.
   * @returns where they end; -1, and nothing is written, for a span of another form
   */
  encodeAll(template: SpanTemplate, from: number, end: number, column: MapColumn, read: ReadAttributes): number {
    const { values } = column;
    const before = values.length;
    const at = this.#followSteps(template, from, end, values, read);
    if (at === -1 || (at < end && this.reader.view.getUint8(at) === ATTRIBUTE_TAG)) {
      values.length = before;
      read.reset();
      return -1;
    }
    template.hits += 1;
    column.addKeys(template.keys);
    return at;
  }

  #followSteps(template: SpanTemplate, from: number, end: number, values: ByteColumn, read: ReadAttributes): number {
    const { view } = this.reader;
    read.beginTemplate(template.id);
    let at = from;
    for (const step of template.steps) {
      const { hole, sizeBytes } = step;
      if (hole === null) {
        if (at + sizeBytes > end || !stepIsAt(step, view, at)) return -1;
        values.copyWords(step.encoded, step.encodedSize);
        at += sizeBytes;
        continue;
      }
      if (at + sizeBytes + FRAME_BYTES > end || view.getUint8(at) !== ATTRIBUTE_TAG) return -1;
      const size = view.getUint8(at + 1);
      let start = at + FRAME_BYTES;
      let last = start + size;
      if (size > MAX_SHORT) {
        this.reader.at = at + 1;
        last = this.reader.endOfBytes(end);
        start = this.reader.at;
      }
      if (last > end || start + sizeBytes >= last || !stepIsAt(step, view, start)) return -1;
      if (!this.#encodeShort(start + sizeBytes, last, step.isStored ? values : null))
        this.#encodeValue(start + sizeBytes, last, step.isStored ? values : null);
      if (this.#type !== step.type) return -1;
      if (hole.use !== null) read.noteHole(hole, step.type, this.#valueAt, this.#valueSize, this.#sign(hole));
      at = last;
    }
    return at;
  }

  /** Writes the attribute of a span that stands from `at` to `end`, after its tag and length at `tagAt`. @returns what a template takes of it */
  encode(tagAt: number, at: number, end: number, column: MapColumn, read: ReadAttributes): TemplateAttribute {
    const { values } = column;
    const before = values.length;
    const key = this.#encodeAttribute(at, end, column);
    if (key.use !== null) read.note(key, this.#type, this.#valueAt, this.#valueSize, this.#sign(key));
    const { view } = this.reader;
    return {
      key,
      type: this.#type,
      bytes: new Uint8Array(view.buffer, view.byteOffset + tagAt, end - tagAt),
      encoded: values.bytes.subarray(before, values.length),
      isStored: this.#isStored(key),
    };
  }

  /** Writes an attribute of an event or a link. */
  encodeDetail(at: number, end: number, column: MapColumn): void {
    this.#encodeAttribute(at, end, column);
  }

  /** One key and its value, in this order and once each, as everybody writes them. */
  #encodeAttribute(at: number, end: number, column: MapColumn): KnownKey {
    const { reader } = this;
    reader.at = at;
    if (reader.small() !== KEY_TAG) throw NOT_UNDERSTOOD;
    const keyEnd = reader.endOfBytes(end);
    const key = this.#findKey(reader.at, keyEnd - reader.at);
    this.#once(key);
    reader.at = keyEnd;
    const isStored = this.#isStored(key);
    if (isStored) column.key(key);
    const values = isStored ? column.values : null;
    if (keyEnd === end) {
      this.#found(VALUE.none, end, 0, false);
      values?.emptyText();
    } else {
      if (reader.small() !== VALUE_TAG) throw NOT_UNDERSTOOD;
      this.#encodeValue(reader.at, end, values);
    }
    return key;
  }

  #isStored(key: KnownKey): boolean {
    if (this.#storeContent) return true;
    if (key.isContent) return false;
    return this.#eventName === null || !key.isEventContent || !isContentAttribute(key.name, this.#eventName);
  }

  /** Reads and writes the value whose length stands at `at` if it is a short text or a small number: what most that change are. */
  #encodeShort(at: number, end: number, values: ByteColumn | null): boolean {
    const { view } = this.reader;
    const size = end - at;
    if (size < 4 || size > MAX_SHORT_BYTES || view.getUint8(at) !== size - 1) return false;
    const tag = view.getUint8(at + 1);
    if (tag === TEXT_TAG) {
      const textSize = size - 3;
      if (view.getUint8(at + 2) !== textSize || values === null) return false;
      const isAscii = writeText(values, view, at + 3, textSize);
      this.#found(VALUE.text, at + 3, textSize, isAscii && isPlainAscii(view, at + 3, textSize, MAX_PLAIN_BYTES));
      return true;
    }
    const digits = size - 2;
    if (tag !== INTEGER_TAG || digits > MAX_SMALL_BYTES || values === null) return false;
    for (let index = at + 2; index < end; index += 1)
      if (view.getUint8(index) >= 0x80 !== index < end - 1) return false;
    this.#found(VALUE.integer, at + 2, digits, false);
    values.digitsText(readVarint(view, at + 2, digits));
    return true;
  }

  /** Reads the value whose length stands at `at`, and writes it. */
  #encodeValue(at: number, end: number, values: ByteColumn | null): void {
    const { reader } = this;
    const { view } = reader;
    reader.at = at;
    if (reader.endOfBytes(end) !== end) throw NOT_UNDERSTOOD;
    const tagAt = reader.at;
    if (tagAt === end) {
      this.#found(VALUE.none, end, 0, false);
      values?.emptyText();
      return;
    }
    const tag = reader.small();
    if (tag === TEXT_TAG) {
      if (reader.endOfBytes(end) !== end) throw NOT_UNDERSTOOD;
      const size = end - reader.at;
      const isAscii = values === null ? false : writeText(values, view, reader.at, size);
      this.#found(VALUE.text, reader.at, size, isAscii && isPlainAscii(view, reader.at, size, MAX_PLAIN_BYTES));
    } else if (tag === INTEGER_TAG) {
      const valueAt = reader.at;
      const size = reader.skipVarint();
      if (reader.at !== end) throw NOT_UNDERSTOOD;
      this.#found(VALUE.integer, valueAt, size, false);
      if (values !== null) writeInteger(values, reader, valueAt, size);
    } else if (tag === DOUBLE_TAG) {
      if (reader.at + 8 !== end) throw NOT_UNDERSTOOD;
      this.#found(VALUE.double, reader.at, 8, false);
      values?.asciiText(String(view.getFloat64(reader.at, true)));
    } else if (tag === TRUTH_TAG) {
      const valueAt = reader.at;
      this.#found(VALUE.truth, valueAt, reader.small() === 0 ? 0 : 1, false);
      if (reader.at !== end) throw NOT_UNDERSTOOD;
      if (values !== null) writeTruth(values, this.#valueSize);
    } else {
      reader.at = tagAt;
      const encoded = this.#composed.render(reader, end);
      this.#found(VALUE.composed, tagAt, end - tagAt, false);
      values?.raw(encoded);
    }
  }

  #found(type: number, at: number, size: number, isPlain: boolean): void {
    this.#type = type;
    this.#valueAt = at;
    this.#valueSize = size;
    this.#isPlain = isPlain;
  }

  /** What a signature takes of a value that says what a call is; `UNSIGNED` for one that it cannot take. */
  #sign({ use }: KnownKey): number {
    const type = this.#type;
    const { view } = this.reader;
    if (use === "whole") return UNSIGNED;
    if (type === VALUE.truth) return this.#valueSize;
    if (type === VALUE.text) {
      if (use === "text") return this.#texts.find(view, this.#valueAt, this.#valueSize)?.id ?? UNSIGNED;
      return use === "identity" && !this.#isPlain ? UNSIGNED : 0;
    }
    if (type === VALUE.integer) {
      if (use !== "text") return this.#valueSize > MAX_COUNT_BYTES ? UNSIGNED : 0;
      return this.#valueSize > MAX_SMALL_BYTES ? UNSIGNED : readVarint(view, this.#valueAt, this.#valueSize);
    }
    const isUnknown = type === VALUE.double && (use === "text" || Number.isNaN(view.getFloat64(this.#valueAt, true)));
    return isUnknown ? UNSIGNED : 0;
  }

  #findKey(at: number, size: number): KnownKey {
    const key = this.#keys.find(this.reader.view, at, size);
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
}
