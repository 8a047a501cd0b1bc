import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { ScalarType } from "@bufbuild/protobuf";
import {
  AnyValueSchema,
  ArrayValueSchema,
  EventSchema,
  ExportTraceServiceRequestSchema,
  KeyValueListSchema,
  LinkSchema,
  SpanSchema,
} from "./generated/otlp-trace_pb.ts";
import {
  checkCount,
  MAX_CONTAINERS,
  MAX_MESSAGES_OF_A_SPAN,
  MAX_PARTS_OF_A_SPAN,
  MAX_SPANS,
  MAX_VALUE_DEPTH,
  OtlpDecodeError,
} from "./otlp-decode-error.ts";

/** What the check has to know of a message; all of it follows from the generated descriptors. */
interface MessageShape {
  /** By field number. */
  readonly fields: readonly (FieldShape | undefined)[];
  readonly isSpan: boolean;
  readonly isValue: boolean;
  /** Whether the values in it are a level deeper. */
  readonly isNesting: boolean;
  /** Whether an object or a list stands for it in the decoded spans. */
  readonly isContainer: boolean;
}

interface FieldShape {
  readonly wireType: number;
  readonly isRepeated: boolean;
  readonly message: MessageShape | undefined;
}

/** @see https://protobuf.dev/programming-guides/encoding */
const WIRE = { varint: 0, fixed64: 1, bytes: 2, startGroup: 3, endGroup: 4, fixed32: 5 } as const;
const MAX_VARINT_BYTES = 10;
const MAX_KEY_BYTES = 5;
/** Groups are long out of use, and OTLP has none; so many levels of what is only skipped are more than anybody sends. */
const MAX_GROUP_DEPTH = 32;
/** A field number that no message of ours reads and whose key fits one byte. */
const UNREAD_FIELD = 14;

const REQUEST = createShape(ExportTraceServiceRequestSchema, new Map());

/**
 * Checks that a body is well-formed to its last byte and within the limits, before anything of it is decoded: the generated decoder
 * believes every length, does not look at the wire type of a field it knows, and builds whatever it is told to. Gives the body to
 * decode: the same bytes, or a copy in which fields of an unexpected wire type have another number, so that they pass as unknown.
 * @throws OtlpDecodeError
 */
export function checkWire(body: Uint8Array): Uint8Array {
  return new WireCheck(body).run();
}

class WireCheck {
  readonly #body: Uint8Array;
  #copy: Uint8Array | undefined;
  #at = 0;
  #spans = 0;
  #containers = 0;
  #messagesOfSpan = 0;

  constructor(body: Uint8Array) {
    this.#body = body;
  }

  run(): Uint8Array {
    this.#message(REQUEST, this.#body.length, 0);
    return this.#copy ?? this.#body;
  }

  #message(shape: MessageShape, end: number, depth: number): void {
    this.#count(shape, depth);
    let parts = 0;
    while (this.#at < end) {
      const keyAt = this.#at;
      const key = this.#key(end);
      const field = shape.fields[key >>> 3];
      if (field === undefined) this.#skip(key, end);
      else if (field.wireType !== (key & 7)) this.#hide(key, keyAt, end);
      else if (field.message === undefined) this.#skip(key, end);
      else {
        if (field.isRepeated && shape.isSpan)
          checkCount(++parts, MAX_PARTS_OF_A_SPAN, "attributes, events and links of a span");
        const size = this.#varint(end);
        this.#need(size, end);
        this.#message(field.message, this.#at + size, shape.isNesting ? depth + 1 : depth);
      }
    }
  }

  #count(shape: MessageShape, depth: number): void {
    if (shape.isSpan) {
      this.#messagesOfSpan = 0;
      checkCount(++this.#spans, MAX_SPANS, "spans");
    } else checkCount(++this.#messagesOfSpan, MAX_MESSAGES_OF_A_SPAN, "values of a span or resource");
    if (shape.isContainer) checkCount(++this.#containers, MAX_CONTAINERS, "events, links, lists and maps");
    if (shape.isValue && depth > MAX_VALUE_DEPTH)
      throw new OtlpDecodeError(`An attribute value nests deeper than ${MAX_VALUE_DEPTH} levels at byte ${this.#at}.`);
  }

  /** A field's key: its number times eight, plus its wire type. */
  #key(end: number): number {
    const start = this.#at;
    const key = this.#varint(end);
    if (key < 8 || key > 0xffff_ffff || this.#at - start > MAX_KEY_BYTES) throw this.#fault("this is no field key");
    return key;
  }

  /** Exact up to 2^53, which is more than any size or key. */
  #varint(end: number): number {
    let value = 0;
    let unit = 1;
    for (let count = 0; count < MAX_VARINT_BYTES; count += 1) {
      if (this.#at >= end) throw this.#fault("a varint has no end");
      const byte = this.#body[this.#at++] ?? 0;
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) return value;
      unit *= 0x80;
    }
    throw this.#fault(`a varint is longer than ${MAX_VARINT_BYTES} bytes`);
  }

  #need(sizeBytes: number, end: number): void {
    if (sizeBytes > end - this.#at)
      throw this.#fault(`${sizeBytes} more bytes were expected, ${end - this.#at} are left`);
  }

  #skip(key: number, end: number): void {
    switch (key & 7) {
      case WIRE.varint:
        this.#varint(end);
        return;
      case WIRE.fixed64:
        this.#advance(8, end);
        return;
      case WIRE.bytes:
        this.#advance(this.#varint(end), end);
        return;
      case WIRE.fixed32:
        this.#advance(4, end);
        return;
      case WIRE.startGroup:
        this.#skipGroup(key, end);
        return;
      default:
        throw this.#fault(`a field with wire type ${key & 7} cannot start here`);
    }
  }

  #advance(sizeBytes: number, end: number): void {
    this.#need(sizeBytes, end);
    this.#at += sizeBytes;
  }

  /** Passes over a group; gives where the key that ends it stands. */
  #skipGroup(startKey: number, end: number): number {
    const open = [startKey >>> 3];
    for (;;) {
      const keyAt = this.#at;
      const key = this.#key(end);
      if ((key & 7) === WIRE.startGroup) {
        if (open.push(key >>> 3) > MAX_GROUP_DEPTH)
          throw this.#fault(`groups nest deeper than ${MAX_GROUP_DEPTH} levels`);
      } else if ((key & 7) !== WIRE.endGroup) this.#skip(key, end);
      else if (open.pop() !== key >>> 3) throw this.#fault("a group ends that was not open");
      else if (open.length === 0) return keyAt;
    }
  }

  /** Passes over a field that is known, but not with this wire type, and makes it an unknown one for the decoder. */
  #hide(key: number, keyAt: number, end: number): void {
    this.#renumber(keyAt);
    if ((key & 7) === WIRE.startGroup) this.#renumber(this.#skipGroup(key, end));
    else this.#skip(key, end);
  }

  /** The new key is as long as the old one, so that no length around it changes. */
  #renumber(keyAt: number): void {
    this.#copy ??= Uint8Array.from(this.#body);
    const wireType = (this.#body[keyAt] ?? 0) & 7;
    let last = keyAt;
    while ((this.#body[last] ?? 0) >= 0x80) last += 1;
    this.#copy.fill(0x80, keyAt, last);
    this.#copy[last] = 0;
    this.#copy[keyAt] = (UNREAD_FIELD << 3) | wireType | (last > keyAt ? 0x80 : 0);
  }

  #fault(what: string): OtlpDecodeError {
    return new OtlpDecodeError(`The protobuf body is damaged at byte ${this.#at} of ${this.#body.length}: ${what}.`);
  }
}

function createShape(schema: DescMessage, known: Map<string, MessageShape>): MessageShape {
  const before = known.get(schema.typeName);
  if (before !== undefined) return before;
  const fields: (FieldShape | undefined)[] = [];
  const isOneOf = (...others: readonly DescMessage[]) => others.some(({ typeName }) => typeName === schema.typeName);
  const shape: MessageShape = {
    fields,
    isSpan: isOneOf(SpanSchema),
    isValue: isOneOf(AnyValueSchema),
    isNesting: isOneOf(ArrayValueSchema, KeyValueListSchema),
    isContainer: isOneOf(EventSchema, LinkSchema, ArrayValueSchema, KeyValueListSchema),
  };
  known.set(schema.typeName, shape);
  for (const field of schema.fields) {
    const message = field.message && createShape(field.message, known);
    fields[field.number] = { wireType: wireTypeOf(field), isRepeated: field.fieldKind === "list", message };
  }
  return shape;
}

/** Repeated fields are messages, all of them, so that nothing comes packed. */
function wireTypeOf(field: DescField): number {
  switch (field.scalar) {
    case ScalarType.BOOL:
    case ScalarType.INT32:
    case ScalarType.INT64:
      return WIRE.varint;
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
      return WIRE.fixed64;
    default:
      return WIRE.bytes;
  }
}
