import { type ByteTable, isAt } from "./byte-table.ts";
import { growTo } from "./growing-table.ts";
import type { KnownKey } from "./known-key.ts";
import type { KnownResource, KnownScope } from "./known-origin.ts";
import type { KnownText } from "./known-text.ts";
import { VALUE } from "./value-types.ts";
import { type ComposedValue, ComposedValues } from "./value-writer.ts";
import { bytesField, fixed64Field, NOT_UNDERSTOOD, varintField, WireReader } from "./wire-reader.ts";

/**
 * Columns of `attributes`: a row an attribute. `at` and `size` are the value's bytes; the size of a truth value is 0 or 1, and a composed
 * value is the one at the place `at` in `composed`.
 */
export const ATTRIBUTE = { key: 0, type: 1, at: 2, size: 3, width: 4 } as const;
/** Columns of `spans`. Offsets of what is absent are 0, sizes too. */
export const SPAN = {
  group: 0,
  traceAt: 1,
  traceSize: 2,
  spanAt: 3,
  spanSize: 4,
  parentAt: 5,
  parentSize: 6,
  stateAt: 7,
  stateSize: 8,
  /** The number of a known text. */
  name: 9,
  kind: 10,
  startAt: 11,
  endAt: 12,
  statusCode: 13,
  messageAt: 14,
  messageSize: 15,
  firstAttribute: 16,
  attributes: 17,
  firstEvent: 18,
  events: 19,
  firstLink: 20,
  links: 21,
  width: 22,
} as const;
/** Columns of `events`; `name` is the number of a known text. */
export const EVENT = { timeAt: 0, name: 1, firstAttribute: 2, attributes: 3, width: 4 } as const;
/** Columns of `links`. */
export const LINK = {
  traceAt: 0,
  traceSize: 1,
  spanAt: 2,
  spanSize: 3,
  stateAt: 4,
  stateSize: 5,
  firstAttribute: 6,
  attributes: 7,
  width: 8,
} as const;

/** Bounds below those of the cold path, which then decides. */
const MAX_SPANS = 50_000;
const MAX_PARTS_OF_A_SPAN = 1_000;
const MAX_EVENTS_AND_LINKS = 50_000;

/** What a scan knows by its bytes. */
export interface ScanTables {
  readonly keys: ByteTable<KnownKey>;
  readonly names: ByteTable<KnownText>;
  readonly resources: ByteTable<KnownResource>;
  readonly scopes: ByteTable<KnownScope>;
}

/** Holders of attributes are counted; far below 2^31 the count begins anew. */
const MAX_HOLDERS = 1_000_000_000;

/**
 * Where everything stands in an export request: a first walk over the whole body, after which writing rows cannot fail. The tables are
 * kept from request to request.
 */
export class RequestScan {
  spans = new Int32Array(SPAN.width * 1_024);
  spanCount = 0;
  attributes = new Int32Array(ATTRIBUTE.width * 32_768);
  attributeCount = 0;
  events = new Int32Array(EVENT.width * 256);
  eventCount = 0;
  links = new Int32Array(LINK.width * 64);
  linkCount = 0;
  /** Resource and scope of each group of spans. */
  readonly groups: { readonly resource: KnownResource; readonly scope: KnownScope }[] = [];
  /** Keys by their number, of all attributes seen so far. */
  readonly keys: KnownKey[] = [];
  /** Names of spans and events by their number. */
  readonly names: KnownText[] = [];
  /** Lists, maps and bytes of this request. */
  readonly composed: ComposedValue[] = [];
  reader = new WireReader(new Uint8Array(0));

  readonly #tables: ScanTables;
  readonly #composedValues = new ComposedValues();
  /** The last holder of attributes that had a key, by the key's number: no key may come twice. */
  #holders = new Int32Array(1_024);
  #holder = 0;
  /** Keys in the order in which the attributes of the last span had them: most spans repeat it. */
  readonly #guess: KnownKey[] = [];
  #parts = 0;
  #lastName: KnownText | undefined;

  constructor(tables: ScanTables) {
    this.#tables = tables;
  }

  /** Finds everything in `body`; `false` when it holds anything out of the ordinary. */
  run(body: Uint8Array): boolean {
    this.reader = new WireReader(body);
    this.spanCount = 0;
    this.attributeCount = 0;
    this.eventCount = 0;
    this.linkCount = 0;
    this.groups.length = 0;
    this.composed.length = 0;
    if (this.#holder > MAX_HOLDERS) {
      this.#holders.fill(0);
      this.#holder = 0;
    }
    try {
      this.#request(body.length);
      return true;
    } catch (error) {
      // DataView throws a RangeError where a body ends too early.
      if (error === NOT_UNDERSTOOD || error instanceof RangeError) return false;
      throw error;
    }
  }

  #request(end: number): void {
    const { reader } = this;
    while (reader.at < end) {
      const key = reader.small();
      if (key === bytesField(1)) this.#resourceSpans(reader.endOfBytes(end));
      else reader.skip(key, end);
    }
    if (reader.at !== end) throw NOT_UNDERSTOOD;
  }

  /** A resource can follow its spans, so the scopes are read when the whole message was seen. */
  #resourceSpans(end: number): void {
    const { reader } = this;
    const scopes: number[] = [];
    let [resourceAt, resourceSize] = [-1, 0];
    while (reader.at < end) {
      const key = reader.small();
      if (key === bytesField(1)) {
        if (resourceAt !== -1) throw NOT_UNDERSTOOD;
        const last = reader.endOfBytes(end);
        [resourceAt, resourceSize] = [reader.at, last - reader.at];
        reader.at = last;
      } else if (key === bytesField(2)) {
        const last = reader.endOfBytes(end);
        scopes.push(reader.at, last);
        reader.at = last;
      } else reader.skip(key, end);
    }
    if (reader.at !== end || scopes.length > 2 * MAX_SPANS) throw NOT_UNDERSTOOD;
    const resource = this.#tables.resources.find(reader.view, Math.max(resourceAt, 0), resourceSize);
    if (resource === undefined) throw NOT_UNDERSTOOD;
    for (let index = 0; index < scopes.length; index += 2)
      this.#scopeSpans(resource, scopes[index] ?? 0, scopes[index + 1] ?? 0);
    reader.at = end;
  }

  /** The scope can follow its spans too; it is looked for first, since nothing else in a span depends on the order. */
  #scopeSpans(resource: KnownResource, start: number, end: number): void {
    const { reader } = this;
    reader.at = start;
    let [scopeAt, scopeSize] = [-1, 0];
    const group = this.groups.length;
    while (reader.at < end) {
      const key = reader.small();
      if (key === bytesField(2)) this.#span(group, reader.endOfBytes(end));
      else if (key === bytesField(1)) {
        if (scopeAt !== -1) throw NOT_UNDERSTOOD;
        const last = reader.endOfBytes(end);
        [scopeAt, scopeSize] = [reader.at, last - reader.at];
        reader.at = last;
      } else reader.skip(key, end);
    }
    if (reader.at !== end) throw NOT_UNDERSTOOD;
    const scope = this.#tables.scopes.find(reader.view, Math.max(scopeAt, 0), scopeSize);
    if (scope === undefined) throw NOT_UNDERSTOOD;
    this.groups.push({ resource, scope });
  }

  #span(group: number, end: number): void {
    const { reader } = this;
    if (this.spanCount >= MAX_SPANS) throw NOT_UNDERSTOOD;
    const row = SPAN.width * this.spanCount++;
    this.spans = growTo(this.spans, row + SPAN.width);
    const { spans } = this;
    spans.fill(0, row, row + SPAN.width);
    spans[row + SPAN.group] = group;
    spans[row + SPAN.name] = -1;
    spans[row + SPAN.firstAttribute] = this.attributeCount;
    this.#parts = 0;
    this.#holder += 1;
    let guess = 0;
    let details = -1;
    while (reader.at < end) {
      const at = reader.at;
      const key = reader.small();
      if (key === bytesField(9)) this.#attribute(reader.endOfBytes(end), guess++);
      else if (key === fixed64Field(7)) this.#fixed(row + SPAN.startAt);
      else if (key === fixed64Field(8)) this.#fixed(row + SPAN.endAt);
      else if (key === bytesField(1)) this.#bytes(row + SPAN.traceAt, end);
      else if (key === bytesField(2)) this.#bytes(row + SPAN.spanAt, end);
      else if (key === bytesField(4)) this.#bytes(row + SPAN.parentAt, end);
      else if (key === bytesField(5)) spans[row + SPAN.name] = this.#name(end);
      else if (key === varintField(6)) spans[row + SPAN.kind] = reader.small();
      else if (key === bytesField(15)) this.#status(row, reader.endOfBytes(end));
      else if (key === bytesField(3)) this.#bytes(row + SPAN.stateAt, end);
      else if (key === bytesField(11) || key === bytesField(13)) {
        if (details === -1) details = at;
        reader.at = reader.endOfBytes(end);
      } else reader.skip(key, end);
    }
    if (reader.at !== end) throw NOT_UNDERSTOOD;
    if (spans[row + SPAN.name] === -1) spans[row + SPAN.name] = this.#find(0, 0);
    spans[row + SPAN.attributes] = this.attributeCount - (spans[row + SPAN.firstAttribute] ?? 0);
    spans[row + SPAN.firstEvent] = this.eventCount;
    spans[row + SPAN.firstLink] = this.linkCount;
    if (details !== -1) this.#details(row, details, end);
  }

  /** Events and links, after the span's own attributes, so that these stand together. */
  #details(row: number, start: number, end: number): void {
    const { reader } = this;
    reader.at = start;
    while (reader.at < end) {
      const key = reader.small();
      if (key === bytesField(11)) this.#event(reader.endOfBytes(end));
      else if (key === bytesField(13)) this.#link(reader.endOfBytes(end));
      else reader.skip(key, end);
    }
    this.spans[row + SPAN.events] = this.eventCount - (this.spans[row + SPAN.firstEvent] ?? 0);
    this.spans[row + SPAN.links] = this.linkCount - (this.spans[row + SPAN.firstLink] ?? 0);
  }

  #event(end: number): void {
    const { reader } = this;
    if (this.eventCount >= MAX_EVENTS_AND_LINKS) throw NOT_UNDERSTOOD;
    const row = EVENT.width * this.eventCount++;
    this.events = growTo(this.events, row + EVENT.width);
    const { events } = this;
    events.fill(0, row, row + EVENT.width);
    events[row + EVENT.name] = -1;
    events[row + EVENT.firstAttribute] = this.attributeCount;
    this.#holder += 1;
    while (reader.at < end) {
      const key = reader.small();
      if (key === fixed64Field(1)) {
        events[row + EVENT.timeAt] = reader.at;
        reader.at += 8;
      } else if (key === bytesField(2)) events[row + EVENT.name] = this.#name(end);
      else if (key === bytesField(3)) this.#attribute(reader.endOfBytes(end), -1);
      else reader.skip(key, end);
    }
    if (reader.at !== end) throw NOT_UNDERSTOOD;
    if (events[row + EVENT.name] === -1) events[row + EVENT.name] = this.#find(0, 0);
    events[row + EVENT.attributes] = this.attributeCount - (events[row + EVENT.firstAttribute] ?? 0);
  }

  #link(end: number): void {
    const { reader } = this;
    if (this.linkCount >= MAX_EVENTS_AND_LINKS) throw NOT_UNDERSTOOD;
    const row = LINK.width * this.linkCount++;
    this.links = growTo(this.links, row + LINK.width);
    const { links } = this;
    links.fill(0, row, row + LINK.width);
    links[row + LINK.firstAttribute] = this.attributeCount;
    this.#holder += 1;
    while (reader.at < end) {
      const key = reader.small();
      if (key === bytesField(4)) this.#attribute(reader.endOfBytes(end), -1);
      else if (key === bytesField(1) || key === bytesField(2) || key === bytesField(3)) {
        const column = row + 2 * ((key >> 3) - 1);
        const last = reader.endOfBytes(end);
        links[column] = reader.at;
        links[column + 1] = last - reader.at;
        reader.at = last;
      } else reader.skip(key, end);
    }
    if (reader.at !== end) throw NOT_UNDERSTOOD;
    links[row + LINK.attributes] = this.attributeCount - (links[row + LINK.firstAttribute] ?? 0);
  }

  #status(row: number, end: number): void {
    const { reader, spans } = this;
    if (spans[row + SPAN.statusCode] !== 0 || spans[row + SPAN.messageSize] !== 0) throw NOT_UNDERSTOOD;
    while (reader.at < end) {
      const key = reader.small();
      if (key === varintField(3)) spans[row + SPAN.statusCode] = reader.small();
      else if (key === bytesField(2)) this.#bytes(row + SPAN.messageAt, end);
      else reader.skip(key, end);
    }
    if (reader.at !== end) throw NOT_UNDERSTOOD;
  }

  /** Notes where a field's bytes stand; of a field that comes twice the last counts. */
  #bytes(column: number, end: number): void {
    const { reader } = this;
    const last = reader.endOfBytes(end);
    this.spans[column] = reader.at;
    this.spans[column + 1] = last - reader.at;
    reader.at = last;
  }

  #name(end: number): number {
    const { reader } = this;
    const last = reader.endOfBytes(end);
    const name = this.#find(reader.at, last - reader.at);
    reader.at = last;
    return name;
  }

  #find(at: number, size: number): number {
    const last = this.#lastName;
    if (last !== undefined && isAt(last, this.reader.view, at, size)) return last.id;
    const name = this.#tables.names.find(this.reader.view, at, size);
    if (name === undefined) throw NOT_UNDERSTOOD;
    this.names[name.id] = name;
    this.#lastName = name;
    return name.id;
  }

  #fixed(column: number): void {
    this.spans[column] = this.reader.at;
    this.reader.at += 8;
  }

  /** One key and its value, in this order and once each, as everybody writes them. `guess` is the place among the span's attributes. */
  #attribute(end: number, guess: number): void {
    const { reader } = this;
    if ((this.#parts += 1) > MAX_PARTS_OF_A_SPAN) throw NOT_UNDERSTOOD;
    const row = ATTRIBUTE.width * this.attributeCount++;
    this.attributes = growTo(this.attributes, row + ATTRIBUTE.width);
    if (reader.small() !== bytesField(1)) throw NOT_UNDERSTOOD;
    const keyEnd = reader.endOfBytes(end);
    const known = this.#key(reader.at, keyEnd - reader.at, guess);
    reader.at = keyEnd;
    this.attributes[row + ATTRIBUTE.key] = known.id;
    if (reader.at === end) {
      this.#value(row, VALUE.none, end, 0);
      return;
    }
    if (reader.small() !== bytesField(2) || reader.endOfBytes(end) !== end) throw NOT_UNDERSTOOD;
    this.#readValue(row, end);
    if (reader.at !== end) throw NOT_UNDERSTOOD;
  }

  #readValue(row: number, end: number): void {
    const { reader } = this;
    if (reader.at === end) {
      this.#value(row, VALUE.none, end, 0);
      return;
    }
    const start = reader.at;
    const key = reader.small();
    if (key === bytesField(1)) {
      const last = reader.endOfBytes(end);
      this.#value(row, VALUE.text, reader.at, last - reader.at);
      reader.at = last;
    } else if (key === varintField(3)) {
      const at = reader.at;
      this.#value(row, VALUE.integer, at, reader.skipVarint());
    } else if (key === varintField(2)) this.#value(row, VALUE.truth, reader.at, reader.small() === 0 ? 0 : 1);
    else if (key === fixed64Field(4)) {
      this.#value(row, VALUE.double, reader.at, 8);
      reader.at += 8;
    } else if (key === bytesField(5) || key === bytesField(6) || key === bytesField(7)) {
      reader.at = start;
      this.#value(row, VALUE.composed, this.composed.length, 0);
      this.composed.push({ at: start, end, encoded: this.#composedValues.render(reader, end) });
    } else throw NOT_UNDERSTOOD;
  }

  #value(row: number, type: number, at: number, size: number): void {
    const { attributes } = this;
    attributes[row + ATTRIBUTE.type] = type;
    attributes[row + ATTRIBUTE.at] = at;
    attributes[row + ATTRIBUTE.size] = size;
  }

  #key(at: number, size: number, guess: number): KnownKey {
    const { view } = this.reader;
    let known = guess === -1 ? undefined : this.#guess[guess];
    if (known === undefined || !isAt(known, view, at, size)) {
      known = this.#tables.keys.find(view, at, size);
      if (known === undefined) throw NOT_UNDERSTOOD;
      this.keys[known.id] = known;
      if (guess !== -1 && guess <= this.#guess.length) this.#guess[guess] = known;
      this.#holders = growTo(this.#holders, known.id + 1);
    }
    if (this.#holders[known.id] === this.#holder) throw NOT_UNDERSTOOD;
    this.#holders[known.id] = this.#holder;
    return known;
  }
}
