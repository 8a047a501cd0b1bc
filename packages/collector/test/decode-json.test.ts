import { describe, expect, it } from "vitest";
import { decodeJson } from "../src/otlp/decode-json.ts";
import { OtlpDecodeError } from "../src/otlp/otlp-decode-error.ts";
import { findSpanIssue } from "../src/pipeline/span-issue.ts";
import { createTimeWindow } from "../src/pipeline/time-window.ts";

const WINDOW = createTimeWindow(1_780_000_000_000, { ledgerDays: 0, spansDays: 0 });
const GOOD = {
  traceId: "0123456789abcdef0123456789abcdef",
  spanId: "0123456789abcdef",
  name: "good",
  startTimeUnixNano: "1780000000000000000",
  endTimeUnixNano: "1780000000000000001",
};

function requestOf(...spans: unknown[]): string {
  return JSON.stringify({ resourceSpans: [{ resource: {}, scopeSpans: [{ scope: {}, spans }] }] });
}

const value = (it_: unknown) => ({ attributes: [{ key: "k", value: it_ }] });

describe("the JSON decoder", () => {
  it.each<[string, unknown, string]>([
    ["a time that is no number", { startTimeUnixNano: "yesterday" }, "startTimeUnixNano must be nanoseconds"],
    ["a time before 1970", { endTimeUnixNano: -1 }, "endTimeUnixNano must be nanoseconds"],
    ["a time beyond 64 bits", { endTimeUnixNano: "18446744073709551616" }, "endTimeUnixNano must be nanoseconds"],
    ["an id in base64", { traceId: "ASNFZ4mrze8BI0VniavN7w==" }, "traceId must be hexadecimal digits (not base64)"],
    ["an integer that is none", value({ intValue: "12.5" }), "attributes[0].value.intValue must be a 64-bit integer"],
    ["an integer beyond 64 bits", value({ intValue: "9223372036854775808" }), "intValue must be a 64-bit integer"],
    ["a text that is none", { name: 5 }, "name must be a text, but it is 5"],
    ["a kind that is none", { kind: "SPAN_KIND_ODD" }, 'kind must be an integer, but it is "SPAN_KIND_ODD"'],
    ["attributes that are no list", { attributes: {} }, "attributes must be an array, but it is an object"],
  ])("rejects the span with %s, and no other", (_, fields, message) => {
    const spans = decodeJson(requestOf(GOOD, { ...GOOD, ...(fields as object) }, GOOD));
    expect(spans.map((span) => findSpanIssue(span, WINDOW))).toEqual([null, "malformed", null]);
    expect(spans[1]?.malformed).toContain(message);
    expect(spans[1]?.malformed).toContain("resourceSpans[0].scopeSpans[0].spans[1].");
  });

  it("rejects a span that is no object", () => {
    const spans = decodeJson(requestOf(5, null, GOOD));
    expect(spans.map(({ malformed }) => malformed)).toEqual([
      "An object was expected at resourceSpans[0].scopeSpans[0].spans[0], but it is 5.",
      "An object was expected at resourceSpans[0].scopeSpans[0].spans[1], but it is null.",
      undefined,
    ]);
  });

  it("rejects the spans of a resource or scope that cannot be read, and no others", () => {
    const spans = decodeJson(
      JSON.stringify({
        resourceSpans: [
          { resource: value({ intValue: "x" }), scopeSpans: [{ spans: [GOOD, GOOD] }] },
          {
            scopeSpans: [
              { scope: { name: 1 }, spans: [GOOD] },
              { scope: { name: "s" }, spans: [GOOD] },
            ],
          },
        ],
      }),
    );
    expect(spans.map(({ malformed }) => malformed)).toEqual([
      'resourceSpans[0].resource.attributes[0].value.intValue must be a 64-bit integer, but it is "x".',
      'resourceSpans[0].resource.attributes[0].value.intValue must be a 64-bit integer, but it is "x".',
      "resourceSpans[1].scopeSpans[0].scope.name must be a text, but it is 1.",
      undefined,
    ]);
  });

  it("reads enums as integers and as names", () => {
    const read = (kind: unknown, code: unknown) => {
      const [span] = decodeJson(requestOf({ ...GOOD, kind, status: { code } }));
      return [span?.kind, span?.statusCode];
    };
    expect([read(2, 1), read("SPAN_KIND_SERVER", "STATUS_CODE_OK"), read(null, null)]).toEqual([
      [2, 1],
      [2, 1],
      [0, 0],
    ]);
  });

  it("reads null as absent", () => {
    const [span] = decodeJson(
      requestOf({ ...GOOD, ...value({ stringValue: null, boolValue: null, intValue: 7 }), events: null, status: null }),
    );
    expect([{ ...span?.attributes }, span?.events, span?.malformed]).toEqual([{ k: 7 }, [], undefined]);
  });

  it.each([
    ["no JSON", "{", "The body is not JSON"],
    ["a list", "[]", "An object was expected at the body, but it is a list."],
    ["resources that are no list", '{"resourceSpans":{}}', "resourceSpans must be an array"],
    ["deep nesting", "[".repeat(1_000_000), "The body is not JSON"],
    ["values that nest too deep", requestOf({ ...GOOD, ...value(nest(33)) }), "nests deeper than 32 levels at "],
    ["too many spans", requestOf(...Array.from({ length: 100_001 }, () => ({}))), "more than 100000 spans"],
    ["too many attributes", requestOf({ attributes: Array.from({ length: 10_001 }, () => ({})) }), "more than 10000 "],
  ])("refuses a body of %s", (_, body, message) => {
    expect(() => decodeJson(body)).toThrow(OtlpDecodeError);
    expect(() => decodeJson(body)).toThrow(message);
  });

  it("takes values down to the limit of depth, and a wrong field of any depth", () => {
    expect(decodeJson(requestOf({ ...GOOD, ...value(nest(32)) }))[0]?.malformed).toBeUndefined();
    const name = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    const body = requestOf({ ...GOOD, name: "NAME" }).replace('"NAME"', name);
    expect(decodeJson(body)[0]?.malformed).toContain("name must be a text, but it is a list.");
  });
});

/** A value `levels` deep in lists. */
function nest(levels: number): unknown {
  return levels === 0 ? { stringValue: "in" } : { arrayValue: { values: [nest(levels - 1)] } };
}
