import { describe, expect, it } from "vitest";
import { createAttributes } from "../src/otlp/trace-data.ts";
import { toText, toTextEntries } from "../src/pipeline/to-text.ts";

describe("attributes as texts", () => {
  it("are what the Collector's exporter writes", () => {
    expect([toText("a"), toText(1.5), toText(9_223_372_036_854_775_807n), toText(true), toText(null)]).toEqual([
      "a",
      "1.5",
      "9223372036854775807",
      "true",
      "",
    ]);
    expect(toText(["a", 1, [true]])).toBe('["a",1,[true]]');
    expect(toText(Buffer.from([0, 255]))).toBe("AP8=");
    expect(toText([Buffer.from([0, 255]), { k: new Uint8Array([1]) }])).toBe('["AP8=",{"k":"AQ=="}]');
  });

  it("have no prompts in them unless asked for", () => {
    const attributes = Object.assign(createAttributes(), {
      "gen_ai.prompt.0.content": "secret",
      "gen_ai.request.model": "m",
    });
    expect(toTextEntries(attributes, false)).toEqual([["gen_ai.request.model", "m"]]);
    expect(toTextEntries(attributes, true)).toHaveLength(2);
  });
});
