import { MAX_VALUE_DEPTH } from "../../otlp/otlp-decode-error.ts";
import { type AttributeValue, createAttributes } from "../../otlp/trace-data.ts";
import { decodeText } from "../known/decode-text.ts";
import {
  bytesField,
  fixed64Field,
  MAX_COUNT_BYTES,
  NOT_UNDERSTOOD,
  readVarint,
  varintField,
  type WireReader,
} from "./wire-reader.ts";

/**
 * Reads an `AnyValue` from the reader's place to `end`, lists and maps included.
 * @throws NOT_UNDERSTOOD, or RangeError beyond the body
 */
export function readValue(reader: WireReader, end: number, depth = 0): AttributeValue {
  if (depth > MAX_VALUE_DEPTH) throw NOT_UNDERSTOOD;
  if (reader.at === end) return null;
  const value = readPart(reader, end, depth);
  if (reader.at !== end) throw NOT_UNDERSTOOD;
  return value;
}

function readPart(reader: WireReader, end: number, depth: number): AttributeValue {
  switch (reader.small()) {
    case bytesField(1):
      return decodeText(takeBytes(reader, end));
    case varintField(2):
      return reader.small() !== 0;
    case varintField(3):
      return readInteger(reader);
    case fixed64Field(4):
      reader.at += 8;
      return reader.view.getFloat64(reader.at - 8, true);
    case bytesField(5):
      return readList(reader, reader.endOfBytes(end), depth);
    case bytesField(6):
      return readMap(reader, reader.endOfBytes(end), depth);
    case bytesField(7):
      return takeBytes(reader, end);
    default:
      throw NOT_UNDERSTOOD;
  }
}

/** A signed 64-bit varint: a number where that is exact. */
export function readInteger(reader: WireReader): number | bigint {
  const start = reader.at;
  const sizeBytes = reader.skipVarint();
  if (sizeBytes <= MAX_COUNT_BYTES) return readVarint(reader.view, start, sizeBytes);
  let bits = 0n;
  for (let index = 0; index < sizeBytes; index += 1)
    bits |= BigInt(reader.view.getUint8(start + index) & 0x7f) << BigInt(7 * index);
  const value = BigInt.asIntN(64, bits);
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

function takeBytes(reader: WireReader, end: number): Uint8Array {
  const last = reader.endOfBytes(end);
  const { buffer, byteOffset } = reader.view;
  const bytes = new Uint8Array(buffer, byteOffset + reader.at, last - reader.at);
  reader.at = last;
  return bytes;
}

function readList(reader: WireReader, end: number, depth: number): AttributeValue[] {
  const values: AttributeValue[] = [];
  while (reader.at < end) {
    if (reader.small() !== bytesField(1)) throw NOT_UNDERSTOOD;
    values.push(readValue(reader, reader.endOfBytes(end), depth + 1));
  }
  if (reader.at !== end) throw NOT_UNDERSTOOD;
  return values;
}

function readMap(reader: WireReader, end: number, depth: number): AttributeValue {
  const map = createAttributes();
  while (reader.at < end) {
    if (reader.small() !== bytesField(1)) throw NOT_UNDERSTOOD;
    readEntry(reader, reader.endOfBytes(end), map, depth + 1);
  }
  if (reader.at !== end) throw NOT_UNDERSTOOD;
  return map;
}

/** A key and its value, in this order and once each; a key that is there already is out of the ordinary. */
export function readEntry(reader: WireReader, end: number, into: Record<string, AttributeValue>, depth: number): void {
  if (reader.small() !== bytesField(1)) throw NOT_UNDERSTOOD;
  const key = decodeText(takeBytes(reader, end));
  if (Object.hasOwn(into, key)) throw NOT_UNDERSTOOD;
  into[key] = null;
  if (reader.at === end) return;
  if (reader.small() !== bytesField(2) || reader.endOfBytes(end) !== end) throw NOT_UNDERSTOOD;
  into[key] = readValue(reader, end, depth);
}
