import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { decodeProtobuf } from "../src/otlp/decode-protobuf.ts";
import { type AnyValue, ExportTraceServiceRequestSchema } from "../src/otlp/generated/otlp-trace_pb.ts";
import { OtlpDecodeError } from "../src/otlp/otlp-decode-error.ts";
import type { OtlpSpan } from "../src/otlp/trace-data.ts";
import {
  bytes,
  double,
  fieldKey,
  fixed32,
  fixed64,
  group,
  message,
  rawVarint,
  text,
  varint,
} from "./fuzz/wire-writer.ts";
import { protobufBody } from "./otlp-bodies.ts";

function bodyOf(...spanFields: Uint8Array[]): Buffer {
  return bytes(1, bytes(2, bytes(2, message(...spanFields))));
}

function decodeOne(...spanFields: Uint8Array[]): OtlpSpan {
  const [span, ...others] = decodeProtobuf(bodyOf(...spanFields));
  if (span === undefined || others.length > 0) throw new Error("one span was expected");
  return span;
}

const attribute = (key: string, ...value: Uint8Array[]) => bytes(9, message(text(1, key), bytes(2, message(...value))));

/** The value `levels` deep in lists. */
function nest(levels: number, innermost: Buffer): Buffer {
  let value = innermost;
  for (let level = 0; level < levels; level += 1) value = bytes(5, bytes(1, value));
  return value;
}

describe("the protobuf decoder", () => {
  it("merges message fields that come again, and takes the last of others", () => {
    const [span] = decodeProtobuf(
      bytes(
        1,
        message(
          bytes(1, bytes(1, message(text(1, "a"), bytes(2, text(1, "first"))))),
          bytes(2, message(bytes(1, text(1, "scope")), bytes(2, text(5, "name")), bytes(1, text(2, "2")))),
          bytes(1, bytes(1, message(text(1, "b"), bytes(2, text(1, "second"))))),
        ),
      ),
    );
    expect(span?.origin).toEqual({
      resourceAttributes: Object.assign(Object.create(null), { a: "first", b: "second" }),
      scopeName: "scope",
      scopeVersion: "2",
    });
    const repeated = decodeOne(
      text(5, "one"),
      bytes(15, text(2, "message")),
      text(5, "two"),
      bytes(15, varint(3, 2n)),
      attribute("list", bytes(5, bytes(1, varint(3, 1n))), bytes(5, bytes(1, varint(3, 2n)))),
      attribute("last", text(1, "text"), varint(2, 1n)),
    );
    expect(repeated).toMatchObject({ name: "two", statusCode: 2, statusMessage: "message" });
    expect({ ...repeated.attributes }).toEqual({ list: [1, 2], last: true });
  });

  it("passes over unknown fields, groups, and known fields of another wire type", () => {
    const odd = [
      varint(200, 1n),
      fixed32(16, 7),
      group(20, text(1, "in a group"), group(21, varint(1, 1n)), fixed64(5, 1n)),
      varint(5, 3n),
      fixed64(1, 1n),
      text(7, "no time"),
      group(9, text(1, "no attribute")),
      Buffer.concat([fieldKey(6, 2, 3), rawVarint(2n), Buffer.from([1, 2])]),
    ];
    for (const field of odd) {
      const span = decodeOne(text(5, "name"), field, attribute("key", text(1, "value")), varint(6, 2n));
      expect([span.name, { ...span.attributes }, span.kind, span.startTimeUnixNano, span.traceId.length]).toEqual([
        "name",
        { key: "value" },
        2,
        0n,
        0,
      ]);
    }
  });

  it("leaves the body as it was, also where it hides fields of another wire type", () => {
    const body = bodyOf(varint(5, 3n), text(5, "name"));
    const before = Buffer.from(body);
    decodeProtobuf(body);
    expect(body.equals(before)).toBe(true);
  });

  it("turns bytes that are no UTF-8 into U+FFFD and keeps the rest, a byte order mark too", () => {
    const broken = Buffer.from([0x61, 0xff, 0x62, 0xc3, 0x28, 0xed, 0xa0, 0x80, 0xe2, 0x82]);
    const span = decodeOne(
      bytes(5, broken),
      bytes(9, message(bytes(1, broken), bytes(2, bytes(1, broken)))),
      text(3, "\uFEFFstate"),
    );
    const expected = new TextDecoder().decode(broken);
    expect([span.name, span.traceState, { ...span.attributes }]).toEqual([
      expected,
      "\uFEFFstate",
      { [expected]: expected },
    ]);
  });

  it("keeps numbers exactly", () => {
    const span = decodeOne(
      attribute("min", varint(3, -(2n ** 63n))),
      attribute("max", varint(3, 2n ** 63n - 1n)),
      attribute("safe", varint(3, 2n ** 53n - 1n)),
      attribute("unsafe", varint(3, 2n ** 53n)),
      attribute("minus", varint(3, -1n)),
      attribute("zero", double(4, -0)),
      attribute("infinite", double(4, Number.NEGATIVE_INFINITY)),
      attribute("bool", varint(2, 2n ** 40n)),
      fixed64(7, 2n ** 64n - 1n),
      varint(6, 2n ** 32n + 3n),
    );
    expect({ ...span.attributes }).toEqual({
      min: -9223372036854775808n,
      max: 9223372036854775807n,
      safe: 9007199254740991,
      unsafe: 9007199254740992n,
      minus: -1,
      zero: -0,
      infinite: Number.NEGATIVE_INFINITY,
      bool: true,
    });
    expect([span.startTimeUnixNano, span.kind]).toEqual([18446744073709551615n, 3]);
  });

  it.each([
    ["a key that is no field's", Buffer.from([0x07])],
    ["a key longer than five bytes", Buffer.concat([fieldKey(5, 2, 6), rawVarint(0n)])],
    ["a varint of eleven bytes", Buffer.concat([fieldKey(6, 0), Buffer.alloc(10, 0xff), Buffer.from([0])])],
    ["a length beyond the message", Buffer.concat([fieldKey(5, 2), rawVarint(2n ** 63n)])],
    ["a length of 2^32 and one", Buffer.concat([fieldKey(5, 2), rawVarint(2n ** 32n + 1n), Buffer.from("x")])],
    ["a wire type that does not exist", Buffer.from([(5 << 3) | 6])],
    ["the end of a group that was not begun", fieldKey(20, 4)],
    ["a group without an end", fieldKey(20, 3)],
    ["a group with another's end", Buffer.concat([fieldKey(20, 3), fieldKey(21, 4)])],
  ])("refuses %s, and says where", (_, field) => {
    expect(() => decodeProtobuf(bodyOf(field))).toThrow(/^The protobuf body is damaged at byte \d+ of \d+: /);
  });

  it("takes values down to the limit of depth and refuses deeper ones", () => {
    expect(() => decodeOne(attribute("deep", nest(32, text(1, "in"))))).not.toThrow();
    expect(() => decodeOne(attribute("deep", nest(33, text(1, "in"))))).toThrow("deeper than 32 levels");
    let map: Buffer = text(1, "in");
    for (let level = 0; level < 32; level += 1) map = bytes(6, bytes(1, message(text(1, "k"), bytes(2, map))));
    const event = bytes(11, bytes(3, message(text(1, "deep"), bytes(2, map))));
    expect(decodeOne(event).events).toHaveLength(1);
  });

  it("refuses bombs of nesting before it descends", () => {
    const groups = Buffer.alloc(5_000_000, fieldKey(20, 3)[0]);
    expect(() => decodeProtobuf(groups)).toThrow(OtlpDecodeError);
    expect(() => decodeOne(attribute("deep", nest(5_000, text(1, "in"))))).toThrow("deeper than 32 levels");
  });

  it.each([
    ["spans", bytes(1, bytes(2, Buffer.alloc(20_000_000, bytes(2, Buffer.alloc(0))))), "100000 spans"],
    ["attributes", bodyOf(Buffer.alloc(20_000_000, bytes(9, Buffer.alloc(0)))), "10000 attributes"],
    ["resources", Buffer.alloc(20_000_000, bytes(1, Buffer.alloc(0))), "1000000 values"],
    [
      "items of a list",
      bodyOf(attribute("list", bytes(5, Buffer.alloc(20_000_000, bytes(1, Buffer.alloc(0)))))),
      "1000000 values",
    ],
    [
      "events of many spans",
      bytes(1, bytes(2, Buffer.alloc(20_000_000, bytes(2, Buffer.alloc(20_000, bytes(11, Buffer.alloc(0))))))),
      // The last of the repeated spans may be cut off, which is found later.
      "1000000 events",
    ],
  ])("refuses 20 MB of empty %s before memory is exhausted", (_, body, message_) => {
    const before = process.memoryUsage().heapUsed;
    expect(() => decodeProtobuf(body)).toThrow(`The body holds more than ${message_}`);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(300_000_000);
  });

  it("reads the same as the generated decoder does when it is given the whole body", () => {
    const body = protobufBody();
    const request = fromBinary(ExportTraceServiceRequestSchema, body);
    const [span] = request.resourceSpans[0]?.scopeSpans[0]?.spans ?? [];
    const [decoded] = decodeProtobuf(
      toBinary(ExportTraceServiceRequestSchema, create(ExportTraceServiceRequestSchema, request)),
    );
    expect(decoded?.name).toBe(span?.name);
    expect(Object.keys(decoded?.attributes ?? {})).toEqual(span?.attributes.map(({ key }) => key));
    const kinds = new Set(span?.attributes.map(({ value }: { value?: AnyValue | undefined }) => value?.value.case));
    expect(kinds.size).toBe(8);
  });
});
