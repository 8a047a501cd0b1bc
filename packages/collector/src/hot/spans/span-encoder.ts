import { AttributeEncoder } from "./attribute-encoder.ts";
import { type ByteTable, isAt } from "../known/byte-table.ts";
import type { KnownKey } from "../known/known-key.ts";
import type { KnownScope } from "../known/known-origin.ts";
import type { KnownText } from "../known/known-text.ts";
import { ReadAttributes } from "../calls/read-attributes.ts";
import type { SpanBlock } from "../blocks/span-block.ts";
import { SpanFields } from "./span-fields.ts";
import { canBeHole, SpanTemplate, type TemplateAttribute } from "./span-template.ts";
import { bytesField, fixed64Field, NOT_UNDERSTOOD, varintField, WireReader } from "./wire-reader.ts";

/** Bounds below those of the cold path, which then decides. */
const MAX_ATTRIBUTES = 1_000;
const MAX_EVENTS_AND_LINKS = 1_000;
/** Spans with more attributes are not learnt. */
const MAX_LEARNT = 128;
/** More forms than the spans of one scope have; above, the last place is for the newest. */
const MAX_TEMPLATES_OF_A_SCOPE = 8;

const ATTRIBUTE = bytesField(9);
const EVENT = bytesField(11);
const LINK = bytesField(13);

/** Decides where a span's row goes, as soon as its ids and its start are known. */
export type OpenRow = (view: DataView, span: SpanFields) => SpanBlock;

/** Reads one span after the other, and writes its attributes, events and links while it does. */
export class SpanEncoder {
  readonly fields = new SpanFields();
  readonly read = new ReadAttributes();
  reader = new WireReader(new Uint8Array(0));
  readonly #attributes: AttributeEncoder;
  readonly #names: ByteTable<KnownText>;
  readonly #openRow: OpenRow;
  #lastName: KnownText | undefined;
  #parts = 0;
  readonly #seen: TemplateAttribute[] = [];
  /** How many templates there were so far: their numbers are never used again. */
  #templates = 0;

  constructor(keys: ByteTable<KnownKey>, names: ByteTable<KnownText>, storeContent: boolean, openRow: OpenRow) {
    this.#attributes = new AttributeEncoder(keys, names, storeContent);
    this.#names = names;
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
    const seen = this.#seen;
    fields.reset(start, end);
    read.reset();
    this.#attributes.begin(null);
    this.#parts = 0;
    let block: SpanBlock | undefined;
    let details = -1;
    let place = 0;
    let attributesEnd = -1;
    while (reader.at < end) {
      const { at } = reader;
      const key = view.getUint8(at);
      if (key === ATTRIBUTE) {
        block ??= this.#openRow(view, fields);
        if (place === 0) {
          reader.at = this.#readAllByTemplate(at, end, block, scope);
          if (reader.at !== at) {
            place = MAX_ATTRIBUTES;
            continue;
          }
        } else if (at !== attributesEnd || place === MAX_ATTRIBUTES) {
          // Attributes apart from the others: nobody writes them so, and whether a template fits the first ones must make no difference.
          throw NOT_UNDERSTOOD;
        }
        reader.at = at + 1;
        const last = reader.endOfBytes(end);
        seen[place++] = this.#attributes.encode(at, reader.at, last, block.attributes, read);
        reader.at = attributesEnd = last;
        continue;
      }
      reader.small();
      if (key === EVENT || key === LINK) {
        if (details === -1) details = at;
        reader.at = reader.endOfBytes(end);
      } else {
        reader.at = at;
        this.#readField(end, block === undefined);
      }
    }
    if (reader.at !== end) throw NOT_UNDERSTOOD;
    block ??= this.#openRow(view, fields);
    if (place > 0 && place <= MAX_LEARNT) this.#learn(scope, seen.slice(0, place));
    fields.name ??= this.#findName(start, 0);
    if (details !== -1) this.#readDetails(details, end, block);
    fields.measure(view);
    reader.at = end;
    return block;
  }

  /** Reads all attributes by a template of the scope. @returns where they end, or where they begin when none fits */
  #readAllByTemplate(at: number, end: number, block: SpanBlock, scope: KnownScope): number {
    const { templates } = scope;
    for (let index = 0; index < templates.length; index += 1) {
      const template = templates[index];
      if (template === undefined) break;
      const last = this.#attributes.encodeAll(template, at, end, block.attributes, this.read);
      if (last === -1) continue;
      // The one that fitted last is tried first.
      if (index > 0) [templates[0], templates[index]] = [template, templates[0] ?? template];
      return last;
    }
    return at;
  }

  /** Learns the form of a span that no template fitted. */
  #learn({ templates }: KnownScope, attributes: readonly TemplateAttribute[]): void {
    const known = templates.find((template) => template.isOf(attributes));
    if (known !== undefined) {
      known.refine(attributes);
      return;
    }
    if (!attributes.every(({ key }) => canBeHole(key))) return;
    const copies = attributes.map((each) => ({
      ...each,
      bytes: each.bytes?.slice() ?? null,
      encoded: each.encoded.slice(),
    }));
    const template = new SpanTemplate(this.#templates++, copies);
    if (templates.length < MAX_TEMPLATES_OF_A_SCOPE) templates.push(template);
    else templates[MAX_TEMPLATES_OF_A_SCOPE - 1] = template;
  }

  /** Reads a field that stands once; ids and start must come before the attributes, as everybody writes them. */
  #readField(end: number, isEarly: boolean): void {
    const { reader, fields } = this;
    const key = reader.small();
    switch (key) {
      case bytesField(1): {
        const last = this.#endOf(end, isEarly);
        fields.traceAt = reader.at;
        fields.traceSize = last - reader.at;
        reader.at = last;
        break;
      }
      case bytesField(2): {
        const last = this.#endOf(end, isEarly);
        fields.spanAt = reader.at;
        fields.spanSize = last - reader.at;
        reader.at = last;
        break;
      }
      case bytesField(3): {
        const last = this.#endOf(end, true);
        fields.stateAt = reader.at;
        fields.stateSize = last - reader.at;
        reader.at = last;
        break;
      }
      case bytesField(4): {
        const last = this.#endOf(end, true);
        fields.parentAt = reader.at;
        fields.parentSize = last - reader.at;
        reader.at = last;
        break;
      }
      case bytesField(5):
        fields.name = this.#readName(end);
        break;
      case varintField(6):
        fields.kind = reader.small();
        break;
      case fixed64Field(7):
        if (!isEarly) throw NOT_UNDERSTOOD;
        fields.startAt = reader.at;
        reader.at += 8;
        break;
      case fixed64Field(8):
        fields.endAt = reader.at;
        reader.at += 8;
        break;
      case bytesField(15):
        this.#readStatus(reader.endOfBytes(end));
        break;
      // Keys that are written longer than they need be.
      case ATTRIBUTE:
      case EVENT:
      case LINK:
        throw NOT_UNDERSTOOD;
      default:
        reader.skip(key, end);
    }
  }

  #endOf(end: number, mayStandHere: boolean): number {
    if (!mayStandHere) throw NOT_UNDERSTOOD;
    return this.reader.endOfBytes(end);
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
    let timeAt = 0;
    let name: KnownText | undefined;
    let hasBegun = false;
    while (reader.at < end) {
      const key = reader.small();
      if (key === fixed64Field(1)) {
        timeAt = reader.at;
        reader.at += 8;
      } else if (key === bytesField(2)) {
        if (hasBegun) throw NOT_UNDERSTOOD;
        name = this.#readName(end);
      } else if (key === bytesField(3)) {
        // What is content depends on the name, which comes first where there is one.
        if (!hasBegun) this.#attributes.begin(name?.text ?? "");
        hasBegun = true;
        this.#readDetail(end, block.eventAttributes);
      } else reader.skip(key, end);
    }
    if (reader.at !== end) throw NOT_UNDERSTOOD;
    block.addEvent(reader.view, timeAt, name ?? this.#findName(end, 0));
  }

  #readLink(end: number, block: SpanBlock): void {
    const { reader } = this;
    this.#countPart();
    this.#attributes.begin(null);
    const places: [number, number, number, number, number, number] = [0, 0, 0, 0, 0, 0];
    while (reader.at < end) {
      const key = reader.small();
      if (key === bytesField(4)) this.#readDetail(end, block.linkAttributes);
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

  #readDetail(end: number, column: SpanBlock["eventAttributes"]): void {
    const { reader } = this;
    const last = reader.endOfBytes(end);
    this.#countPart();
    this.#attributes.encodeDetail(reader.at, last, column);
    reader.at = last;
  }

  #countPart(): void {
    if ((this.#parts += 1) > MAX_EVENTS_AND_LINKS) throw NOT_UNDERSTOOD;
  }
}
