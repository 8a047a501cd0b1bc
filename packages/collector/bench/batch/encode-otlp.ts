/** A value as OTLP/JSON has it. */
export type JsonValue =
  | { readonly stringValue: string }
  | { readonly intValue: string }
  | { readonly doubleValue: number }
  | { readonly boolValue: boolean }
  | { readonly arrayValue: { readonly values: readonly JsonValue[] } };

/** An attribute as OTLP/JSON has it. */
export interface JsonAttribute {
  readonly key: string;
  readonly value: JsonValue;
}

/** A span as OTLP/JSON has it. */
export interface JsonSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly JsonAttribute[];
  readonly status: { readonly code?: number };
}

/** An export request with one resource and one scope, as OTLP/JSON has it. */
export interface JsonRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly JsonAttribute[] };
    readonly scopeSpans: readonly {
      readonly scope: { readonly name: string; readonly version: string };
      readonly spans: readonly JsonSpan[];
    }[];
  }[];
}

/** The same request in protobuf, as an SDK's exporter writes it. */
export function encodeRequest({ resourceSpans }: JsonRequest): Buffer {
  return Buffer.concat(
    resourceSpans.map(({ resource, scopeSpans }) =>
      bytes(1, [
        bytes(
          1,
          resource.attributes.map((each) => bytes(1, [attribute(each)])),
        ),
        ...scopeSpans.map(({ scope, spans }) =>
          bytes(2, [
            bytes(1, [text(1, scope.name), text(2, scope.version)]),
            ...spans.map((each) => bytes(2, [span(each)])),
          ]),
        ),
      ]),
    ),
  );
}

function span(each: JsonSpan): Buffer {
  return Buffer.concat([
    bytes(1, [Buffer.from(each.traceId, "hex")]),
    bytes(2, [Buffer.from(each.spanId, "hex")]),
    ...(each.parentSpanId === undefined ? [] : [bytes(4, [Buffer.from(each.parentSpanId, "hex")])]),
    text(5, each.name),
    number(6, each.kind),
    fixed64(7, BigInt(each.startTimeUnixNano)),
    fixed64(8, BigInt(each.endTimeUnixNano)),
    ...each.attributes.map((of) => bytes(9, [attribute(of)])),
    number(10, 0),
    bytes(15, each.status.code === undefined ? [] : [number(3, each.status.code)]),
  ]);
}

function attribute({ key, value }: JsonAttribute): Buffer {
  return Buffer.concat([text(1, key), bytes(2, [anyValue(value)])]);
}

function anyValue(value: JsonValue): Buffer {
  if ("stringValue" in value) return text(1, value.stringValue);
  if ("boolValue" in value) return number(2, value.boolValue ? 1 : 0);
  if ("intValue" in value) return number(3, Number(value.intValue));
  if ("arrayValue" in value)
    return bytes(
      5,
      value.arrayValue.values.map((each) => bytes(1, [anyValue(each)])),
    );
  const double = Buffer.alloc(8);
  double.writeDoubleLE(value.doubleValue);
  return Buffer.concat([varint((4 << 3) | 1), double]);
}

function text(field: number, value: string): Buffer {
  return bytes(field, [Buffer.from(value, "utf8")]);
}

function bytes(field: number, parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([varint((field << 3) | 2), varint(content.length), content]);
}

function number(field: number, value: number): Buffer {
  return Buffer.concat([varint(field << 3), varint(value)]);
}

function fixed64(field: number, value: bigint): Buffer {
  const content = Buffer.alloc(8);
  content.writeBigUInt64LE(value);
  return Buffer.concat([varint((field << 3) | 1), content]);
}

function varint(value: number): Buffer {
  const out: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) out.push((rest % 0x80) | 0x80);
  return Buffer.from([...out, rest]);
}
