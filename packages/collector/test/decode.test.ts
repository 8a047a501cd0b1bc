import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeJson } from "../src/otlp/decode-json.ts";
import { decodeProtobuf } from "../src/otlp/decode-protobuf.ts";
import { OtlpDecodeError } from "../src/otlp/otlp-decode-error.ts";
import type { OtlpSpan } from "../src/otlp/trace-data.ts";
import { checkMutations } from "./mutate.ts";
import { jsonBody, protobufBody } from "./otlp-bodies.ts";

/** A span in a form that can be compared whatever classes its bytes have. */
function plain(spans: readonly OtlpSpan[]): unknown {
  const json = JSON.stringify(spans, (_, value: unknown) => {
    if (typeof value === "bigint") return `${value}n`;
    if (typeof value === "number" && !Number.isFinite(value)) return String(value);
    return value;
  });
  return JSON.parse(json, (_, value: unknown) => {
    const bytes = value as { type?: unknown; data?: number[] };
    if (typeof value === "object" && value !== null && bytes.type === "Buffer") {
      return Object.fromEntries((bytes.data ?? []).map((byte, index) => [String(index), byte]));
    }
    return value;
  });
}

describe("the OTLP decoders", () => {
  it("read the same from both encodings", () => {
    expect(plain(decodeProtobuf(protobufBody()))).toEqual(plain(decodeJson(jsonBody())));
  });

  it("read every kind of value", () => {
    const [span] = decodeProtobuf(protobufBody());
    expect(span).toMatchObject({
      name: "chat ünï",
      kind: 3,
      startTimeUnixNano: 1780000000123456789n,
      statusCode: 2,
      statusMessage: "failed",
    });
    expect(span?.origin).toMatchObject({
      scopeName: "scope",
      scopeVersion: "1.2",
      resourceAttributes: { "service.name": "api" },
    });
    expect({ ...span?.attributes, __proto__: null }).toMatchObject({
      text: "ünï\n\u0000",
      yes: true,
      no: false,
      count: -42,
      big: 9223372036854775807n,
      ratio: 0.1,
      nothing: Number.NaN,
      list: ["a", 1, []],
      map: { k: true },
      empty: null,
    });
    expect(Object.getOwnPropertyDescriptor(span?.attributes, "__proto__")?.value).toBe("harmless");
  });

  it("refuse every body that ends early, and say where", () => {
    const body = protobufBody();
    for (let size = 1; size < body.length; size += 1) {
      expect(() => decodeProtobuf(body.subarray(0, size))).toThrow(OtlpDecodeError);
    }
  });

  it("fail with their own error only, whatever the bytes are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          decodeProtobuf(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(OtlpDecodeError);
        }
      }),
      { numRuns: 2_000 },
    );
    fc.assert(
      fc.property(fc.json(), (text) => {
        try {
          decodeJson(text);
        } catch (error) {
          expect(error).toBeInstanceOf(OtlpDecodeError);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("survive mutated bodies", () => {
    expect(checkMutations(20_000, 1)).toEqual([]);
  });
});
