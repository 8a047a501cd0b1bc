import { encodeText, type NumberedText, TextSequence } from "@spancost/clickhouse";
import { type Attributes, createAttributes } from "../../otlp/trace-data.ts";
import { toText, toTextEntries } from "../../pipeline/to-text.ts";
import { ByteTable, type KnownBytes } from "./byte-table.ts";
import { decodeText } from "./decode-text.ts";
import { readEntry } from "../spans/read-value.ts";
import type { SpanTemplate } from "../spans/span-template.ts";
import { bytesField, NOT_UNDERSTOOD, WireReader } from "../spans/wire-reader.ts";

/** A resource, and what of it stands in each of its spans' rows. */
export interface KnownResource extends KnownBytes {
  readonly attributes: Attributes;
  /** As attributes of a row. */
  readonly keys: TextSequence;
  readonly values: TextSequence;
  /** Bytes of the values as rows of the database have them. */
  readonly valuesSize: number;
  readonly service: NumberedText;
}

/** An instrumentation scope. */
export interface KnownScope extends KnownBytes {
  readonly name: string;
  readonly version: string;
  readonly nameText: NumberedText;
  readonly versionText: NumberedText;
  /** Forms of its spans' attributes, the one that fitted last first. */
  readonly templates: SpanTemplate[];
}

const RESOURCES = { entries: 2_000, sizeBytes: 16_384 };
const SCOPES = { entries: 5_000, sizeBytes: 1_024 };

/** Gives texts a number each, by which columns find them; bounded by what calls it. */
export class TextNumbers {
  readonly #known = new Map<string, NumberedText>();

  numberOf(text: string): NumberedText {
    let known = this.#known.get(text);
    if (known === undefined) this.#known.set(text, (known = { id: this.#known.size, encoded: encodeText(text) }));
    return known;
  }
}

/** Resources by their bytes. A resource has attributes, a count of those that were dropped, and entity references, which are passed over. */
export function createResourceTable(): ByteTable<KnownResource> {
  const numbers = { keys: new TextNumbers(), values: new TextNumbers(), services: new TextNumbers() };
  return new ByteTable(RESOURCES, (known, bytes) => {
    const attributes = createAttributes();
    const isRead = readMessage(bytes, (reader, key, end) => {
      if (key !== bytesField(1)) return false;
      readEntry(reader, reader.endOfBytes(end), attributes, 0);
      return true;
    });
    if (!isRead) return undefined;
    const entries = toTextEntries(attributes, true);
    const values = entries.map(([, value]) => numbers.values.numberOf(value));
    return {
      ...known,
      attributes,
      keys: new TextSequence(entries.map(([key]) => numbers.keys.numberOf(key))),
      values: new TextSequence(values),
      valuesSize: values.reduce((sum, { encoded }) => sum + encoded.length, 0),
      service: numbers.services.numberOf(toText(attributes["service.name"])),
    };
  });
}

/** Scopes by their bytes. */
export function createScopeTable(texts: TextNumbers): ByteTable<KnownScope> {
  return new ByteTable(SCOPES, (known, bytes) => {
    let [name, version] = ["", ""];
    const isRead = readMessage(bytes, (reader, key, end) => {
      if (key !== bytesField(1) && key !== bytesField(2)) return false;
      const last = reader.endOfBytes(end);
      const text = decodeText(bytes.subarray(reader.at, last));
      reader.at = last;
      if (key === bytesField(1)) name = text;
      else version = text;
      return true;
    });
    if (!isRead) return undefined;
    return {
      ...known,
      name,
      version,
      nameText: texts.numberOf(name),
      versionText: texts.numberOf(version),
      templates: [],
    };
  });
}

/** Reads a message field by field; `read` passes on what it does not know. @returns `false` for one out of the ordinary */
function readMessage(bytes: Uint8Array, read: (reader: WireReader, key: number, end: number) => boolean): boolean {
  const reader = new WireReader(bytes);
  const end = bytes.length;
  try {
    while (reader.at < end) {
      const key = reader.small();
      if (!read(reader, key, end)) reader.skip(key, end);
    }
    return reader.at === end;
  } catch (error) {
    if (error === NOT_UNDERSTOOD || error instanceof RangeError) return false;
    throw error;
  }
}
