import { create, type DescMessage, fromBinary, mergeFromBinary, type MessageShape } from "@bufbuild/protobuf";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { checkWire } from "./check-wire.ts";
import {
  type AnyValue,
  type Event,
  InstrumentationScopeSchema,
  type KeyValue,
  type Link,
  ResourceSchema,
  type Span,
  SpanSchema,
} from "./generated/otlp-trace_pb.ts";
import {
  type Attributes,
  type AttributeValue,
  createAttributes,
  type OtlpEvent,
  type OtlpLink,
  type OtlpSpan,
  type SpanOrigin,
} from "./trace-data.ts";

const NO_ATTRIBUTES: Attributes = Object.freeze(createAttributes());

/** Levels of messages that the generated decoder may go down: a value at the limit of depth stands 100 deep in an event. */
const OPTIONS = { readUnknownFields: false, recursionLimit: 200 } as const;

/**
 * Reads an `ExportTraceServiceRequest` by the generated decoder, with all that Protocol Buffers allow: fields that are not known, or
 * have another wire type, are passed over; a message field that comes again is merged; bytes that are no UTF-8 become U+FFFD. Spans are
 * decoded one by one: the decoder's own objects are several times as large as what is kept.
 * @throws OtlpDecodeError
 */
export function decodeProtobuf(body: Uint8Array): OtlpSpan[] {
  const spans: OtlpSpan[] = [];
  for (const resourceSpans of readField(checkWire(body), 1)) {
    // A resource or scope can follow its spans on the wire.
    const resource = readMerged(ResourceSchema, resourceSpans, 1);
    const resourceAttributes = toAttributes(resource.attributes);
    for (const scopeSpans of readField(resourceSpans, 2)) {
      const scope = readMerged(InstrumentationScopeSchema, scopeSpans, 1);
      const origin: SpanOrigin = { resourceAttributes, scopeName: scope.name, scopeVersion: scope.version };
      for (const span of readField(scopeSpans, 2)) spans.push(toSpan(fromBinary(SpanSchema, span, OPTIONS), origin));
    }
  }
  return spans;
}

/** The bytes of each occurrence of a field that is a message, in a message that was checked. */
function* readField(message: Uint8Array, number: number): Generator<Uint8Array> {
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [fieldNumber, wireType] = reader.tag();
    if (fieldNumber === number) yield reader.bytes();
    else reader.skip(wireType, fieldNumber);
  }
}

/** A message field that is there once, or merged of all its occurrences. */
function readMerged<Schema extends DescMessage>(
  schema: Schema,
  holder: Uint8Array,
  number: number,
): MessageShape<Schema> {
  const merged = create(schema);
  for (const bytes of readField(holder, number)) mergeFromBinary(schema, merged, bytes, OPTIONS);
  return merged;
}

function toSpan(span: Span, origin: SpanOrigin): OtlpSpan {
  return {
    origin,
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    traceState: span.traceState,
    name: span.name,
    kind: span.kind,
    startTimeUnixNano: span.startTimeUnixNano,
    endTimeUnixNano: span.endTimeUnixNano,
    attributes: toAttributes(span.attributes),
    events: span.events.map(toEvent),
    links: span.links.map(toLink),
    statusCode: span.status?.code ?? 0,
    statusMessage: span.status?.message ?? "",
  };
}

function toEvent({ timeUnixNano, name, attributes }: Event): OtlpEvent {
  return { timeUnixNano, name, attributes: toAttributes(attributes) };
}

function toLink({ traceId, spanId, traceState, attributes }: Link): OtlpLink {
  return { traceId, spanId, traceState, attributes: toAttributes(attributes) };
}

function toAttributes(entries: readonly KeyValue[]): Attributes {
  if (entries.length === 0) return NO_ATTRIBUTES;
  const attributes = createAttributes();
  for (const { key, value } of entries) attributes[key] = toValue(value);
  return attributes;
}

function toValue(value: AnyValue | undefined): AttributeValue {
  const content = value?.value;
  if (content === undefined) return null;
  switch (content.case) {
    case undefined:
      return null;
    case "intValue":
      return toNumber(content.value);
    case "arrayValue":
      return content.value.values.map(toValue);
    case "kvlistValue":
      return toAttributes(content.value.values);
    default:
      return content.value;
  }
}

/** A number where that is exact. */
function toNumber(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
