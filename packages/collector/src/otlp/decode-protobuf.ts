import { checkCount, MAX_PARTS_OF_A_SPAN, MAX_SPANS, MAX_VALUE_DEPTH, OtlpDecodeError } from "./otlp-decode-error.ts";
import { ProtobufReader, WIRE } from "./protobuf-reader.ts";
import {
  type Attributes,
  type AttributeValue,
  createAttributes,
  type OtlpEvent,
  type OtlpLink,
  type OtlpSpan,
  type SpanOrigin,
} from "./trace-data.ts";

const NO_BYTES = new Uint8Array(0);
const NO_ATTRIBUTES: Attributes = createAttributes();

/** A field's key as it stands on the wire. */
const bytesField = (number: number) => (number << 3) | WIRE.bytes;
const varintField = (number: number) => (number << 3) | WIRE.varint;
const fixed64Field = (number: number) => (number << 3) | WIRE.fixed64;

/**
 * Reads an `ExportTraceServiceRequest`. Fields that are not known are passed over.
 * @throws OtlpDecodeError
 * @see opentelemetry-proto 1.7, trace/v1/trace.proto, for the field numbers
 */
export function decodeProtobuf(body: Uint8Array): OtlpSpan[] {
  const spans: OtlpSpan[] = [];
  const request = new ProtobufReader(body);
  while (!request.done) {
    const key = request.key();
    if (key === bytesField(1)) readResourceSpans(request.message(), spans);
    else request.skip(key);
  }
  return spans;
}

/** A resource can follow its spans on the wire, so scopes are read after all of the message was seen. */
function readResourceSpans(reader: ProtobufReader, spans: OtlpSpan[]): void {
  const scopes: ProtobufReader[] = [];
  let resourceAttributes = NO_ATTRIBUTES;
  while (!reader.done) {
    const key = reader.key();
    if (key === bytesField(1)) resourceAttributes = readAttributesOf(reader.message(), 1);
    else if (key === bytesField(2)) {
      scopes.push(reader.message());
      checkCount(scopes.length, MAX_SPANS, "scopes");
    } else reader.skip(key);
  }
  for (const scope of scopes) readScopeSpans(scope, resourceAttributes, spans);
}

function readScopeSpans(reader: ProtobufReader, resourceAttributes: Attributes, spans: OtlpSpan[]): void {
  const messages: ProtobufReader[] = [];
  let scope = { name: "", version: "" };
  while (!reader.done) {
    const key = reader.key();
    if (key === bytesField(1)) scope = readScope(reader.message());
    else if (key === bytesField(2)) {
      messages.push(reader.message());
      checkCount(spans.length + messages.length, MAX_SPANS, "spans");
    } else reader.skip(key);
  }
  const origin: SpanOrigin = { resourceAttributes, scopeName: scope.name, scopeVersion: scope.version };
  for (const message of messages) spans.push(readSpan(message, origin));
}

function readScope(reader: ProtobufReader): { name: string; version: string } {
  const scope = { name: "", version: "" };
  while (!reader.done) {
    const key = reader.key();
    if (key === bytesField(1)) scope.name = reader.text();
    else if (key === bytesField(2)) scope.version = reader.text();
    else reader.skip(key);
  }
  return scope;
}

function readSpan(reader: ProtobufReader, origin: SpanOrigin): OtlpSpan {
  const attributes = createAttributes();
  const events: OtlpEvent[] = [];
  const links: OtlpLink[] = [];
  let [traceId, spanId, parentSpanId] = [NO_BYTES, NO_BYTES, NO_BYTES] as [Uint8Array, Uint8Array, Uint8Array];
  let [traceState, name, kind] = ["", "", 0];
  let [startTimeUnixNano, endTimeUnixNano] = [0n, 0n];
  let status = { code: 0, message: "" };
  let parts = 0;
  while (!reader.done) {
    const key = reader.key();
    if (key === bytesField(9) || key === bytesField(11) || key === bytesField(13)) {
      parts += 1;
      checkCount(parts, MAX_PARTS_OF_A_SPAN, "attributes, events and links of a span");
    }
    switch (key) {
      case bytesField(1):
        traceId = reader.bytes();
        break;
      case bytesField(2):
        spanId = reader.bytes();
        break;
      case bytesField(3):
        traceState = reader.text();
        break;
      case bytesField(4):
        parentSpanId = reader.bytes();
        break;
      case bytesField(5):
        name = reader.text();
        break;
      case varintField(6):
        kind = reader.small();
        break;
      case fixed64Field(7):
        startTimeUnixNano = reader.fixed64();
        break;
      case fixed64Field(8):
        endTimeUnixNano = reader.fixed64();
        break;
      case bytesField(9):
        readKeyValue(reader.message(), attributes, 0);
        break;
      case bytesField(11):
        events.push(readEvent(reader.message()));
        break;
      case bytesField(13):
        links.push(readLink(reader.message()));
        break;
      case bytesField(15):
        status = readStatus(reader.message());
        break;
      default:
        reader.skip(key);
    }
  }
  return {
    origin,
    traceId,
    spanId,
    parentSpanId,
    traceState,
    name,
    kind,
    startTimeUnixNano,
    endTimeUnixNano,
    attributes,
    events,
    links,
    statusCode: status.code,
    statusMessage: status.message,
  };
}

function readEvent(reader: ProtobufReader): OtlpEvent {
  const attributes = createAttributes();
  let [timeUnixNano, name] = [0n, ""];
  while (!reader.done) {
    const key = reader.key();
    if (key === fixed64Field(1)) timeUnixNano = reader.fixed64();
    else if (key === bytesField(2)) name = reader.text();
    else if (key === bytesField(3)) readKeyValue(reader.message(), attributes, 0);
    else reader.skip(key);
  }
  return { timeUnixNano, name, attributes };
}

function readLink(reader: ProtobufReader): OtlpLink {
  const attributes = createAttributes();
  let [traceId, spanId, traceState] = [NO_BYTES, NO_BYTES, ""] as [Uint8Array, Uint8Array, string];
  while (!reader.done) {
    const key = reader.key();
    if (key === bytesField(1)) traceId = reader.bytes();
    else if (key === bytesField(2)) spanId = reader.bytes();
    else if (key === bytesField(3)) traceState = reader.text();
    else if (key === bytesField(4)) readKeyValue(reader.message(), attributes, 0);
    else reader.skip(key);
  }
  return { traceId, spanId, traceState, attributes };
}

function readStatus(reader: ProtobufReader): { code: number; message: string } {
  const status = { code: 0, message: "" };
  while (!reader.done) {
    const key = reader.key();
    if (key === bytesField(2)) status.message = reader.text();
    else if (key === varintField(3)) status.code = reader.small();
    else reader.skip(key);
  }
  return status;
}

/** The attributes of a message that has them in the field `number`, such as a resource. */
function readAttributesOf(reader: ProtobufReader, number: number): Attributes {
  const attributes = createAttributes();
  while (!reader.done) {
    const key = reader.key();
    if (key === bytesField(number)) readKeyValue(reader.message(), attributes, 0);
    else reader.skip(key);
  }
  return attributes;
}

function readKeyValue(reader: ProtobufReader, into: Record<string, AttributeValue>, depth: number): void {
  let name = "";
  let value: AttributeValue = null;
  while (!reader.done) {
    const key = reader.key();
    if (key === bytesField(1)) name = reader.text();
    else if (key === bytesField(2)) value = readValue(reader.message(), depth);
    else reader.skip(key);
  }
  into[name] = value;
}

function readValue(reader: ProtobufReader, depth: number): AttributeValue {
  if (depth > MAX_VALUE_DEPTH)
    throw new OtlpDecodeError(`An attribute value nests deeper than ${MAX_VALUE_DEPTH} levels.`);
  let value: AttributeValue = null;
  while (!reader.done) {
    const key = reader.key();
    switch (key) {
      case bytesField(1):
        value = reader.text();
        break;
      case varintField(2):
        value = reader.small() !== 0;
        break;
      case varintField(3):
        value = reader.int64();
        break;
      case fixed64Field(4):
        value = reader.double();
        break;
      case bytesField(5):
        value = readList(reader.message(), depth);
        break;
      case bytesField(6):
        value = readMap(reader.message(), depth);
        break;
      case bytesField(7):
        value = reader.bytes();
        break;
      default:
        reader.skip(key);
    }
  }
  return value;
}

function readList(reader: ProtobufReader, depth: number): AttributeValue[] {
  const values: AttributeValue[] = [];
  while (!reader.done) {
    const key = reader.key();
    if (key === bytesField(1)) values.push(readValue(reader.message(), depth + 1));
    else reader.skip(key);
  }
  return values;
}

function readMap(reader: ProtobufReader, depth: number): Record<string, AttributeValue> {
  const map = createAttributes();
  while (!reader.done) {
    const key = reader.key();
    if (key === bytesField(1)) readKeyValue(reader.message(), map, depth + 1);
    else reader.skip(key);
  }
  return map;
}
