import type { Random } from "./random.ts";
import type { Attribute, RequestModel, SpanModel, Value } from "./request-model.ts";
import { bytes, double, fieldKey, fixed32, fixed64, group, message, rawVarint, text, varint } from "./wire-writer.ts";

/** How much a body is to differ from what a correct and plain writer makes: 0 is not at all, 1 is everywhere. */
export interface Oddity {
  readonly random: Random;
  readonly rate: number;
}

/** A request in OTLP's protobuf encoding, with oddities that the encoding allows or forbids. */
export function encodeProtobuf({ resources }: RequestModel, odd: Oddity): Buffer {
  const fields = resources.map(({ attributes, scopes }) => {
    const resource = sub(1, odd, () => attributes.map((each) => encodeAttribute(1, each, odd)));
    const scopeSpans = scopes.map(({ name, version, spans }) =>
      sub(2, odd, () => {
        const scope = sub(1, odd, () => [textField(1, name, odd), textField(2, version, odd)]);
        return inAnyOrder([scope, ...spans.map((span) => sub(2, odd, () => encodeSpan(span, odd)))], odd);
      }),
    );
    return sub(1, odd, () => inAnyOrder([resource, ...scopeSpans], odd));
  });
  return message(...withOddFields(fields, odd));
}

function encodeSpan(span: SpanModel, odd: Oddity): Buffer[] {
  const fields = [
    bytes(1, span.traceId),
    bytes(2, span.spanId),
    textField(3, span.traceState, odd),
    bytes(4, span.parentSpanId),
    textField(5, span.name, odd),
    varint(6, BigInt(span.kind)),
    fixed64(7, span.startTimeUnixNano),
    fixed64(8, span.endTimeUnixNano),
    ...span.attributes.map((each) => encodeAttribute(9, each, odd)),
    ...span.events.map(({ timeUnixNano, name, attributes }) =>
      sub(11, odd, () => [
        fixed64(1, timeUnixNano),
        textField(2, name, odd),
        ...attributes.map((each) => encodeAttribute(3, each, odd)),
      ]),
    ),
    ...span.links.map(({ traceId, spanId, traceState, attributes }) =>
      sub(13, odd, () => [
        bytes(1, traceId),
        bytes(2, spanId),
        textField(3, traceState, odd),
        ...attributes.map((each) => encodeAttribute(4, each, odd)),
        fixed32(6, 257),
      ]),
    ),
    sub(15, odd, () => [textField(2, span.status.message, odd), varint(3, BigInt(span.status.code))]),
    fixed32(16, 257),
  ];
  return inAnyOrder(fields, odd);
}

function encodeAttribute(number: number, [key, value]: Attribute, odd: Oddity): Buffer {
  return sub(number, odd, () => [textField(1, key, odd), sub(2, odd, () => encodeValue(value, odd))]);
}

function encodeValue(value: Value, odd: Oddity): Buffer[] {
  switch (value.kind) {
    case "none":
      return [];
    case "text":
      return [textField(1, value.value, odd)];
    case "bool":
      return [varint(2, value.value ? 1n : 0n)];
    case "int":
      return [varint(3, value.value)];
    case "double":
      return [double(4, value.value)];
    case "bytes":
      return [bytes(7, value.value)];
    case "list":
      return [sub(5, odd, () => value.items.map((item) => sub(1, odd, () => encodeValue(item, odd))))];
    default:
      return [sub(6, odd, () => value.entries.map((entry) => encodeAttribute(1, entry, odd)))];
  }
}

/** A message in a field; odd ones come twice, empty, with a long length, or a wrong one. */
function sub(number: number, odd: Oddity, encode: () => Buffer[]): Buffer {
  const content = message(...withOddFields(encode(), odd));
  if (!isOdd(odd)) return bytes(number, content);
  switch (odd.random.below(8)) {
    case 0:
      return Buffer.concat([fieldKey(number, 2), rawVarint(BigInt(content.length), 2 + odd.random.below(9)), content]);
    case 1:
      return Buffer.concat([fieldKey(number, 2, 2 + odd.random.below(5)), rawVarint(BigInt(content.length)), content]);
    case 2:
      return Buffer.concat([bytes(number, content), bytes(number, content)]);
    case 3:
      return Buffer.concat([bytes(number, content), bytes(number, Buffer.alloc(0))]);
    case 4:
      return bytes(number, Buffer.alloc(0));
    case 5:
      return group(number, content);
    case 6:
      return Buffer.concat([fieldKey(number, 2), rawVarint(createLength(content.length, odd.random)), content]);
    default: {
      const at = odd.random.below(content.length + 1);
      return Buffer.concat([bytes(number, content.subarray(0, at)), bytes(number, content.subarray(at))]);
    }
  }
}

function createLength(size: number, random: Random): bigint {
  return random.pick([
    BigInt(size) + 1n,
    BigInt(Math.max(0, size - 1)),
    2n ** 31n,
    2n ** 32n + BigInt(size),
    2n ** 64n - 1n,
  ]);
}

/** A text; an odd one has bytes that are no UTF-8. */
function textField(number: number, content: string, odd: Oddity): Buffer {
  if (!isOdd(odd)) return text(number, content);
  const broken = ["ff", "c3", "c328", "eda080", "e282", "f09f99", "c080", "f8888080", "80", "f4908080"];
  const encoded = Buffer.from(content);
  const at = odd.random.below(encoded.length + 1);
  const bad = Buffer.from(odd.random.pick(broken), "hex");
  return bytes(number, Buffer.concat([encoded.subarray(0, at), bad, encoded.subarray(at)]));
}

/** The fields, and at times one that does not belong there. */
function withOddFields(fields: Buffer[], odd: Oddity): Buffer[] {
  if (!isOdd(odd)) return fields;
  const at = odd.random.below(fields.length + 1);
  return [...fields.slice(0, at), createOddField(odd.random), ...fields.slice(at)];
}

function createOddField(random: Random): Buffer {
  const number = random.chance(0.6) ? 1 + random.below(16) : random.pick([16, 17, 18, 2_047, 2_048, 2 ** 29 - 1]);
  switch (random.below(8)) {
    case 0:
      return Buffer.concat([
        fieldKey(number, 0),
        rawVarint(random.pick([0n, 1n, 2n ** 64n - 1n]), 1 + random.below(11)),
      ]);
    case 1:
      return fixed64(number, BigInt(random.bits()));
    case 2:
      return bytes(number, random.bytes(random.smallBelow(20)));
    case 3:
      return fixed32(number, random.bits());
    case 4:
      return group(number, ...(random.chance(0.5) ? [createOddField(random)] : []));
    case 5:
      return fieldKey(number, random.pick([3, 4, 6, 7]));
    case 6:
      return nest(random.pick([31, 32, 33, 34, 60]), random);
    default:
      return bytes(number, message(...Array.from({ length: random.below(4) }, () => rawVarint(BigInt(random.bits())))));
  }
}

/** An attribute of a span whose value is that deep in lists or maps. */
function nest(levels: number, random: Random): Buffer {
  let value = varint(3, 1n);
  for (let level = 0; level < levels; level += 1) {
    value = random.chance(0.5) ? bytes(5, bytes(1, value)) : bytes(6, bytes(1, message(text(1, "k"), bytes(2, value))));
  }
  return bytes(9, message(text(1, "deep"), bytes(2, value)));
}

function inAnyOrder(fields: Buffer[], odd: Oddity): Buffer[] {
  if (!isOdd(odd)) return fields;
  const order = fields.map((field) => ({ field, at: odd.random.bits() }));
  return order.sort((left, right) => left.at - right.at).map(({ field }) => field);
}

function isOdd({ random, rate }: Oddity): boolean {
  return rate > 0 && random.chance(rate);
}

/** The same request in OTLP's JSON encoding. */
export function encodeJson({ resources }: RequestModel): string {
  const resourceSpans = resources.map(({ attributes, scopes }) => ({
    resource: { attributes: attributes.map(toJsonEntry) },
    scopeSpans: scopes.map(({ name, version, spans }) => ({ scope: { name, version }, spans: spans.map(toJsonSpan) })),
  }));
  return JSON.stringify({ resourceSpans });
}

function toJsonSpan(span: SpanModel): unknown {
  return {
    ...span,
    traceId: span.traceId.toString("hex"),
    spanId: span.spanId.toString("hex"),
    parentSpanId: span.parentSpanId.toString("hex"),
    startTimeUnixNano: String(span.startTimeUnixNano),
    endTimeUnixNano: String(BigInt.asUintN(64, span.endTimeUnixNano)),
    attributes: span.attributes.map(toJsonEntry),
    events: span.events.map(({ timeUnixNano, name, attributes }) => ({
      timeUnixNano: String(timeUnixNano),
      name,
      attributes: attributes.map(toJsonEntry),
    })),
    links: span.links.map(({ traceId, spanId, traceState, attributes }) => ({
      traceId: traceId.toString("hex"),
      spanId: spanId.toString("hex"),
      traceState,
      attributes: attributes.map(toJsonEntry),
    })),
  };
}

function toJsonEntry([key, value]: Attribute): unknown {
  return { key, value: toJsonValue(value) };
}

function toJsonValue(value: Value): unknown {
  switch (value.kind) {
    case "none":
      return {};
    case "text":
      return { stringValue: value.value };
    case "bool":
      return { boolValue: value.value };
    case "int":
      return { intValue: String(value.value) };
    case "double":
      return { doubleValue: Number.isFinite(value.value) ? value.value : String(value.value) };
    case "bytes":
      return { bytesValue: value.value.toString("base64") };
    case "list":
      return { arrayValue: { values: value.items.map(toJsonValue) } };
    default:
      return { kvlistValue: { values: value.entries.map(toJsonEntry) } };
  }
}
