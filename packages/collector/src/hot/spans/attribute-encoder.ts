import type { ByteColumn, MapColumn } from "@spancost/clickhouse";
import { isContentAttribute } from "@spancost/core";
import type { ByteTable } from "../known/byte-table.ts";
import { MAX_PLAIN_BYTES } from "../calls/call-template.ts";
import type { KnownKey } from "../known/known-key.ts";
import type { KnownText } from "../known/known-text.ts";
import { type ReadAttributes, UNSIGNED } from "../calls/read-attributes.ts";
import { type SpanTemplate, stepIsAt, type TemplateAttribute, type TemplateStep } from "./span-template.ts";
import { ComposedValues, isPlainAscii, readSmall, VALUE, writeInteger, writeText, writeTruth } from "./value-writer.ts";
import {
  bytesField,
  fixed64Field,
  MAX_COUNT_BYTES,
  NOT_UNDERSTOOD,
  readVarint,
  varintField,
  WireReader,
} from "./wire-reader.ts";

const KEY_TAG = bytesField(1);
const VALUE_TAG = bytesField(2);
const TEXT_TAG = bytesField(1);
const TRUTH_TAG = varintField(2);
const INTEGER_TAG = varintField(3);
const DOUBLE_TAG = fixed64Field(4);
/** Of so many, below 2^28. */
const MAX_SMALL_BYTES = 4;

const ATTRIBUTE_TAG = bytesField(9);
/** Tag and length of an attribute of at most 127 bytes. */
const FRAME_BYTES = 2;
/** Longest length that is one byte. */
const MAX_SHORT = 0x7f;
/** The highest bits of four bytes. */
const NOT_ASCII = 0x8080_8080;

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
  encodeAll(
    template: SpanTemplate,
    from: number,
    end: number,
    column: MapColumn<ByteColumn>,
    read: ReadAttributes,
  ): number {
    const { values } = column;
    const before = values.length;
    const at = this.#followSteps(template, from, end, values, read);
    if (at === -1 || (at < end && this.reader.view.getUint8(at) === ATTRIBUTE_TAG)) {
      values.length = before;
      read.reset();
      return -1;
    }
    column.addKeys(template.keys);
    return at;
  }

  /** The hottest loop of all: it works on numbers of its own, and leaves only what is out of the ordinary to others. */
  #followSteps(template: SpanTemplate, from: number, end: number, values: ByteColumn, read: ReadAttributes): number {
    const { view } = this.reader;
    // No value is more than four times as long as what it stands in.
    values.reserve(4 * (end - from) + template.encodedSize);
    let out = values.view;
    let length = values.length;
    read.beginTemplate(template.id);
    let at = from;
    for (const step of template.steps) {
      const { hole, sizeBytes, encoded } = step;
      if (hole === null) {
        if (at + sizeBytes > end || !stepIsAt(step, view, at)) return -1;
        for (let index = 0; index < encoded.length; index += 1) out.setFloat64(length + 8 * index, encoded[index] ?? 0);
        length += step.encodedSize;
        at += sizeBytes;
        continue;
      }
      if (at + sizeBytes + FRAME_BYTES > end || view.getUint8(at) !== ATTRIBUTE_TAG) return -1;
      const size = view.getUint8(at + 1);
      const valueAt = at + FRAME_BYTES + sizeBytes;
      const last = at + FRAME_BYTES + size;
      if (size <= MAX_SHORT && last <= end && valueAt + 3 <= last && step.isStored) {
        if (!stepIsAt(step, view, at + FRAME_BYTES)) return -1;
        const tag = view.getUint8(valueAt + 1);
        const textAt = valueAt + 3;
        const textSize = last - textAt;
        if (tag === TEXT_TAG && step.type === VALUE.text && view.getUint8(valueAt + 2) === textSize) {
          if (view.getUint8(valueAt) !== textSize + 2) throw NOT_UNDERSTOOD;
          const start = length;
          out.setUint8(length++, textSize);
          let seen = 0;
          let done = 0;
          for (; done + 4 <= textSize; done += 4) {
            const word = view.getInt32(textAt + done);
            seen |= word;
            out.setInt32(length + done, word);
          }
          for (; done < textSize; done += 1) {
            const byte = view.getUint8(textAt + done);
            seen |= byte;
            out.setUint8(length + done, byte);
          }
          length += textSize;
          const isAscii = (seen & NOT_ASCII) === 0;
          if (!isAscii) {
            values.length = start;
            writeText(values, view, textAt, textSize);
            out = values.view;
            length = values.length;
          }
          if (hole.use === "identity") {
            if (!isAscii || !isPlainAscii(view, textAt, textSize, MAX_PLAIN_BYTES)) read.isWhole = true;
            else read.noteHole(hole, VALUE.text, textAt, textSize);
          } else if (hole.use !== null) {
            this.#found(VALUE.text, textAt, textSize, isAscii);
            read.noteSigned(hole, VALUE.text, textAt, textSize, this.#sign(hole));
          }
          at = last;
          continue;
        }
        const digits = last - valueAt - 2;
        if (tag === INTEGER_TAG && step.type === VALUE.integer && digits <= MAX_SMALL_BYTES && hole.use !== "text") {
          const value = readSmall(view, valueAt + 2, digits);
          if (value === -1 || view.getUint8(valueAt) !== digits + 1) throw NOT_UNDERSTOOD;
          values.length = length;
          values.digitsText(value);
          length = values.length;
          if (hole.use === "whole") read.isWhole = true;
          else if (hole.use !== null) read.noteHole(hole, VALUE.integer, valueAt + 2, digits);
          at = last;
          continue;
        }
      }
      values.length = length;
      at = this.#fillHole(step, hole, at, end, values, read);
      if (at === -1) return -1;
      out = values.view;
      length = values.length;
    }
    values.length = length;
    return at;
  }

  /** Reads a hole whose value is neither a short text nor a small number. @returns where it ends, or -1 where something else stands */
  #fillHole(
    step: TemplateStep,
    hole: KnownKey,
    at: number,
    end: number,
    values: ByteColumn,
    read: ReadAttributes,
  ): number {
    const { reader } = this;
    reader.at = at + 1;
    const last = reader.endOfBytes(end);
    const start = reader.at;
    if (start + step.sizeBytes >= last || !stepIsAt(step, reader.view, start)) return -1;
    this.#encodeValue(start + step.sizeBytes, last, step.isStored ? values : null);
    if (this.#type !== step.type) return -1;
    if (hole.use !== null) read.noteSigned(hole, step.type, this.#valueAt, this.#valueSize, this.#sign(hole));
    // What follows has room again.
    values.reserve(4 * (end - last));
    return last;
  }

  /** Writes the attribute of a span that stands from `at` to `end`, after its tag and length at `tagAt`. @returns what a template takes of it */
  encode(
    tagAt: number,
    at: number,
    end: number,
    column: MapColumn<ByteColumn>,
    read: ReadAttributes,
  ): TemplateAttribute {
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
  encodeDetail(at: number, end: number, column: MapColumn<ByteColumn>): void {
    this.#encodeAttribute(at, end, column);
  }

  /** One key and its value, in this order and once each, as everybody writes them. */
  #encodeAttribute(at: number, end: number, column: MapColumn<ByteColumn>): KnownKey {
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
