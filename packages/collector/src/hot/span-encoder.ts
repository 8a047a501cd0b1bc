import { isContentAttribute } from "@spancost/core";
import { AttributeEncoder, type IsDropped } from "./attribute-encoder.ts";
import { AttributeMemo } from "./attribute-memo.ts";
import { type ByteTable, isAt } from "./byte-table.ts";
import type { KnownKey } from "./known-key.ts";
import type { KnownScope } from "./known-origin.ts";
import type { KnownText } from "./known-text.ts";
import { ReadAttributes } from "./read-attributes.ts";
import type { SpanBlock } from "./span-block.ts";
import { SpanFields } from "./span-fields.ts";
import { bytesField, fixed64Field, NOT_UNDERSTOOD, varintField, WireReader } from "./wire-reader.ts";

/** Bounds below those of the cold path, which then decides. */
const MAX_ATTRIBUTES = 1_000;
const MAX_EVENTS_AND_LINKS = 1_000;

/** Decides where a span's row goes, as soon as its ids and its start are known. */
export type OpenRow = (view: DataView, span: SpanFields) => SpanBlock;

/** Reads one span after the other, and writes its attributes, events and links while it does. */
export class SpanEncoder {
  readonly fields = new SpanFields();
  readonly read = new ReadAttributes();
  reader = new WireReader(new Uint8Array(0));
  readonly #attributes: AttributeEncoder;
  readonly #names: ByteTable<KnownText>;
  readonly #storeContent: boolean;
  readonly #isDropped: IsDropped;
  readonly #openRow: OpenRow;
  #lastName: KnownText | undefined;
  #parts = 0;

  constructor(
    keys: ByteTable<KnownKey>,
    names: ByteTable<KnownText>,
    storeContent: boolean,
    openRow: OpenRow,
  ) {
    this.#attributes = new AttributeEncoder(keys, names);
    this.#names = names;
    this.#storeContent = storeContent;
    this.#isDropped = storeContent ? () => false : (key) => key.isContent;
    this.#openRow = openRow;
  }

  /** Begins a request. */
  begin(reader: WireReader): void {
    this.reader = reader;
    this.#attributes.reader = reader;
  }

  /**
   * Reads the span from the reader's place to `end`; its fields are in `fields`, the attributes of interest in `read`.
   * @returns the block that it is being written to
   */
  encode(end: number, scope: KnownScope): SpanBlock {
    const { reader, fields, read } = this;
    const { view } = reader;
    const start = reader.at;
    fields.reset(start, end);
    read.reset();
    this.#attributes.begin();
    this.#parts = 0;
    let block: SpanBlock | undefined;
    let details = -1;
    let place = 0;
    while (reader.at < end) {
      const at = reader.at;
      const key = reader.small();
      if (key === bytesField(9)) {
        block ??= this.#openRow(view, fields);
        const last = reader.endOfBytes(end);
        if (place === MAX_ATTRIBUTES) throw NOT_UNDERSTOOD;
        const memo = (scope.memos[place] ??= new AttributeMemo());
        this.#attributes.encode(reader.at, last, block.attributes, this.#isDropped, memo, read);
        place += 1;
        reader.at = last;
      } else if (key === bytesField(11) || key === bytesField(13)) {
        if (details === -1) details = at;
        reader.at = reader.endOfBytes(end);
      } else if (!this.#readField(key, end, block === undefined)) reader.skip(key, end);
    }
    if (reader.at !== end) throw NOT_UNDERSTOOD;
    block ??= this.#openRow(view, fields);
    fields.name ??= this.#findName(start, 0);
    if (details !== -1) this.#readDetails(details, end, block);
    fields.measure(view);
    reader.at = end;
    return block;
  }

  /** Reads a field that stands once; ids and start must come before the attributes, as everybody writes them. */
  #readField(key: number, end: number, isEarly: boolean): boolean {
    const { reader, fields } = this;
    if (key === bytesField(5)) fields.name = this.#readName(end);
    else if (key === varintField(6)) fields.kind = reader.small();
    else if (key === fixed64Field(8)) {
      fields.endAt = reader.at;
      reader.at += 8;
    } else if (key === bytesField(15)) this.#readStatus(reader.endOfBytes(end));
    else if (key === bytesField(4)) {
      const last = reader.endOfBytes(end);
      [fields.parentAt, fields.parentSize] = [reader.at, last - reader.at];
      reader.at = last;
    } else if (key === bytesField(3)) {
      const last = reader.endOfBytes(end);
      [fields.stateAt, fields.stateSize] = [reader.at, last - reader.at];
      reader.at = last;
    } else if (key === bytesField(1)) {
      if (!isEarly) throw NOT_UNDERSTOOD;
      const last = reader.endOfBytes(end);
      [fields.traceAt, fields.traceSize] = [reader.at, last - reader.at];
      reader.at = last;
    } else if (key === bytesField(2)) {
      if (!isEarly) throw NOT_UNDERSTOOD;
      const last = reader.endOfBytes(end);
      [fields.spanAt, fields.spanSize] = [reader.at, last - reader.at];
      reader.at = last;
    } else if (key === fixed64Field(7)) {
      if (!isEarly) throw NOT_UNDERSTOOD;
      fields.startAt = reader.at;
      reader.at += 8;
    } else return false;
    return true;
  }

  #readStatus(end: number): void {
    const { reader, fields } = this;
    // One that comes twice is put together from both.
    if (fields.statusCode !== 0 || fields.messageSize !== 0) throw NOT_UNDERSTOOD;
    while (reader.at < end) {
      const key = reader.small();
      if (key === varintField(3)) fields.statusCode = reader.small();
      else if (key === bytesField(2)) {
        const last = reader.endOfBytes(end);
        [fields.messageAt, fields.messageSize] = [reader.at, last - reader.at];
        reader.at = last;
      } else reader.skip(key, end);
    }
    if (reader.at !== end) throw NOT_UNDERSTOOD;
  }

  #readName(end: number): KnownText {
    const { reader } = this;
    const last = reader.endOfBytes(end);
    const name = this.#findName(reader.at, last - reader.at);
    reader.at = last;
    return name;
  }

  #findName(at: number, size: number): KnownText {
    const { view } = this.reader;
    const last = this.#lastName;
    if (last !== undefined && isAt(last, view, at, size)) return last;
    const name = this.#names.find(view, at, size);
    if (name === undefined) throw NOT_UNDERSTOOD;
    this.#lastName = name;
    return name;
  }

  /** Events and links, of which a row's attributes stand in columns of their own. */
  #readDetails(start: number, end: number, block: SpanBlock): void {
    const { reader } = this;
    reader.at = start;
    while (reader.at < end) {
      const key = reader.small();
      if (key === bytesField(11)) this.#readEvent(reader.endOfBytes(end), block);
      else if (key === bytesField(13)) this.#readLink(reader.endOfBytes(end), block);
      else reader.skip(key, end);
    }
  }

  #readEvent(end: number, block: SpanBlock): void {
    const { reader } = this;
    this.#countPart();
    this.#attributes.begin();
    let timeAt = 0;
    let name: KnownText | undefined;
    while (reader.at < end) {
      const key = reader.small();
      if (key === fixed64Field(1)) {
        timeAt = reader.at;
        reader.at += 8;
      } else if (key === bytesField(2)) name = this.#readName(end);
      else if (key === bytesField(3)) {
        // What is dropped depends on the name, which comes first.
        if (name === undefined) throw NOT_UNDERSTOOD;
        const { text } = name;
        this.#readDetail(end, block.eventAttributes, (each) => this.#isDroppedFromEvent(each, text));
      } else reader.skip(key, end);
    }
    if (reader.at !== end) throw NOT_UNDERSTOOD;
    block.addEvent(reader.view, timeAt, name ?? this.#findName(end, 0));
  }

  #isDroppedFromEvent(key: KnownKey, eventName: string): boolean {
    if (this.#storeContent) return false;
    return key.isContent || (key.isEventContent && isContentAttribute(key.name, eventName));
  }

  #readLink(end: number, block: SpanBlock): void {
    const { reader } = this;
    this.#countPart();
    this.#attributes.begin();
    const places: [number, number, number, number, number, number] = [0, 0, 0, 0, 0, 0];
    while (reader.at < end) {
      const key = reader.small();
      if (key === bytesField(4)) this.#readDetail(end, block.linkAttributes, this.#isDropped);
      else if (key === bytesField(1) || key === bytesField(2) || key === bytesField(3)) {
        const last = reader.endOfBytes(end);
        const field = 2 * ((key >> 3) - 1);
        places[field] = reader.at;
        places[field + 1] = last - reader.at;
        reader.at = last;
      } else reader.skip(key, end);
    }
    if (reader.at !== end) throw NOT_UNDERSTOOD;
    block.addLink(reader.view, ...places);
  }

  #readDetail(end: number, column: SpanBlock["eventAttributes"], isDropped: IsDropped): void {
    const { reader } = this;
    const last = reader.endOfBytes(end);
    this.#countPart();
    this.#attributes.encode(reader.at, last, column, isDropped, null, null);
    reader.at = last;
  }

  #countPart(): void {
    if ((this.#parts += 1) > MAX_EVENTS_AND_LINKS) throw NOT_UNDERSTOOD;
  }
}
