import { ATTRIBUTION_KEYS } from "@spancost/core";
import { getDefaultPricer } from "@spancost/rates";
import { describe, expect, it } from "vitest";
import { encodeRequest, type JsonRequest } from "../../bench/batch/encode-otlp.ts";
import { RequestEncoder } from "../../src/hot/request-encoder.ts";
import { decodeProtobuf } from "../../src/otlp/decode-protobuf.ts";
import { OtlpDecodeError } from "../../src/otlp/otlp-decode-error.ts";
import { countRepeatedBytes } from "../../src/pipeline/check-repetition.ts";
import { createTimeWindow } from "../../src/pipeline/time-window.ts";

const NOW = Date.UTC(2026, 10, 20, 12);
const ENCODER_OPTIONS = {
  attributionKeys: ATTRIBUTION_KEYS,
  labels: [],
  pricer: getDefaultPricer(),
  storeContent: false,
};

/** Many small spans of one resource. */
function createRequest(spans: number, resourceBytes: number): JsonRequest {
  const start = `${NOW}000000`;
  return {
    resourceSpans: [
      {
        resource: { attributes: [{ key: "host.name", value: { stringValue: "h".repeat(resourceBytes) } }] },
        scopeSpans: [
          {
            scope: { name: "scope", version: "1" },
            spans: Array.from({ length: spans }, (_, index) => ({
              traceId: (index + 1).toString(16).padStart(32, "0"),
              spanId: (index + 1).toString(16).padStart(16, "0"),
              name: "s",
              kind: 1,
              startTimeUnixNano: start,
              endTimeUnixNano: start,
              attributes: [],
              status: {},
            })),
          },
        ],
      },
    ],
  };
}

describe("spans that repeat their resource", () => {
  it("are refused when a small body would become rows of many times its size, on both paths", () => {
    const body = encodeRequest(createRequest(20_000, 15_000));
    const encoder = new RequestEncoder(ENCODER_OPTIONS);
    const segment = encoder.createSegment();
    expect(encoder.encode(body, segment, createTimeWindow(NOW, { ledgerDays: 0, spansDays: 0 }))).toBeNull();
    expect(segment.close().partitions).toEqual([]);
    expect(() => countRepeatedBytes(decodeProtobuf(body))).toThrow(OtlpDecodeError);
  });

  it("are counted alike on both paths", () => {
    const body = encodeRequest(createRequest(200, 1_000));
    const encoder = new RequestEncoder(ENCODER_OPTIONS);
    const window = createTimeWindow(NOW, { ledgerDays: 0, spansDays: 0 });
    const encoded = encoder.encode(body, encoder.createSegment(), window);
    const counted = countRepeatedBytes(decodeProtobuf(body));
    expect(counted).toBeGreaterThan(200_000);
    // Lengths of texts take a byte or two.
    expect(Math.abs((encoded?.repeatedBytes ?? 0) - counted)).toBeLessThanOrEqual(200 * 2);
  });
});
