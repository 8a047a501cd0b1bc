import { bytes, double, fixed32, fixed64, message, text, varint } from "./fuzz/wire-writer.ts";

/** One span with every kind of value, as OTLP's JSON and protobuf encodings have it. */
const SPAN = {
  traceId: "0123456789abcdef0123456789abcdef",
  spanId: "0123456789abcdef",
  parentSpanId: "fedcba9876543210",
  traceState: "a=b",
  name: "chat ünï",
  kind: 3,
  startTimeUnixNano: "1780000000123456789",
  endTimeUnixNano: "1780000000223456789",
  status: { code: 2, message: "failed" },
} as const;

const ATTRIBUTES = [
  ["text", { stringValue: "ünï\n\u0000" }],
  ["yes", { boolValue: true }],
  ["no", { boolValue: false }],
  ["count", { intValue: "-42" }],
  ["big", { intValue: "9223372036854775807" }],
  ["ratio", { doubleValue: 0.1 }],
  ["nothing", { doubleValue: "NaN" }],
  ["bytes", { bytesValue: Buffer.from([0, 255, 7]).toString("base64") }],
  ["list", { arrayValue: { values: [{ stringValue: "a" }, { intValue: "1" }, { arrayValue: { values: [] } }] } }],
  ["map", { kvlistValue: { values: [{ key: "k", value: { boolValue: true } }] } }],
  ["__proto__", { stringValue: "harmless" }],
  ["empty", {}],
] as const;

type Value = { readonly [kind: string]: unknown };

function keyValues(entries: readonly (readonly [string, Value])[]) {
  return entries.map(([key, value]) => ({ key, value }));
}

export function jsonBody(): string {
  const events = [
    {
      timeUnixNano: "1780000000123456790",
      name: "exception",
      attributes: keyValues([["exception.type", { stringValue: "E" }]]),
    },
  ];
  const links = [{ traceId: SPAN.traceId, spanId: SPAN.spanId, attributes: [] }];
  const span = { ...SPAN, attributes: keyValues(ATTRIBUTES), events, links };
  const resource = { attributes: keyValues([["service.name", { stringValue: "api" }]]) };
  return JSON.stringify({
    resourceSpans: [{ resource, scopeSpans: [{ scope: { name: "scope", version: "1.2" }, spans: [span] }] }],
  });
}

export function protobufBody(): Buffer {
  const event = message(
    fixed64(1, 1780000000123456790n),
    text(2, "exception"),
    bytes(3, keyValue("exception.type", { stringValue: "E" })),
  );
  const link = message(bytes(1, Buffer.from(SPAN.traceId, "hex")), bytes(2, Buffer.from(SPAN.spanId, "hex")));
  const span = message(
    bytes(1, Buffer.from(SPAN.traceId, "hex")),
    bytes(2, Buffer.from(SPAN.spanId, "hex")),
    text(3, SPAN.traceState),
    bytes(4, Buffer.from(SPAN.parentSpanId, "hex")),
    text(5, SPAN.name),
    varint(6, BigInt(SPAN.kind)),
    fixed64(7, BigInt(SPAN.startTimeUnixNano)),
    fixed64(8, BigInt(SPAN.endTimeUnixNano)),
    ...ATTRIBUTES.map(([key, value]) => bytes(9, keyValue(key, value))),
    varint(10, 7n), // dropped_attributes_count, which is not read
    bytes(11, event),
    bytes(13, link),
    bytes(15, message(text(2, SPAN.status.message), varint(3, BigInt(SPAN.status.code)))),
    fixed32(16, 257), // flags, which are not read
  );
  const scope = message(text(1, "scope"), text(2, "1.2"));
  // The resource after its spans, as the wire allows.
  return message(
    bytes(
      1,
      message(
        bytes(2, message(bytes(2, span), bytes(1, scope))),
        bytes(1, message(bytes(1, keyValue("service.name", { stringValue: "api" })))),
      ),
    ),
  );
}

function keyValue(key: string, value: Value): Buffer {
  return message(text(1, key), bytes(2, anyValue(value)));
}

function anyValue(value: Value): Buffer {
  const [kind] = Object.keys(value);
  const content = kind === undefined ? undefined : value[kind];
  switch (kind) {
    case "stringValue":
      return text(1, String(content));
    case "boolValue":
      return varint(2, content === true ? 1n : 0n);
    case "intValue":
      return varint(3, BigInt.asUintN(64, BigInt(String(content))));
    case "doubleValue":
      return double(4, Number(content));
    case "arrayValue":
      return bytes(5, message(...(content as { values: Value[] }).values.map((item) => bytes(1, anyValue(item)))));
    case "kvlistValue":
      return bytes(
        6,
        message(
          ...(content as { values: { key: string; value: Value }[] }).values.map((item) =>
            bytes(1, keyValue(item.key, item.value)),
          ),
        ),
      );
    case "bytesValue":
      return bytes(7, Buffer.from(String(content), "base64"));
    default:
      return Buffer.alloc(0);
  }
}
