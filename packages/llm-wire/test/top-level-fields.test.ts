import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readTopLevelFields } from "../src/index.ts";

const NAMES = ["model", "stream", "usage"];

describe("readTopLevelFields", () => {
  it("reads what JSON.parse reads, in any layout", () => {
    const record = fc.dictionary(fc.oneof(fc.constantFrom(...NAMES), fc.string()), fc.jsonValue());
    fc.assert(
      fc.property(record, fc.constantFrom("", " ", "\t", "\n  "), (value, indent) => {
        const json = JSON.stringify(value, null, indent);
        const parsed: Record<string, unknown> = JSON.parse(json);
        const expected = NAMES.filter((name) => Object.hasOwn(parsed, name)).map((name) => [name, parsed[name]]);
        expect(Object.fromEntries(Object.entries(readTopLevelFields(json, NAMES)))).toEqual(
          Object.fromEntries(expected),
        );
      }),
    );
  });

  it("is not misled by text that looks like a field", () => {
    const json = JSON.stringify({ a: '"model":"no"', b: { model: "no" }, c: "\\", model: "yes" });
    expect({ ...readTopLevelFields(json, NAMES) }).toEqual({ model: "yes" });
  });

  it("never throws, and leaves out what a cut text no longer holds", () => {
    const json = JSON.stringify({ stream: true, messages: ['{[\\"'], model: "m" });
    for (let end = 0; end < json.length; end += 1) {
      const found = readTopLevelFields(json.slice(0, end), NAMES);
      expect(found.model).toBeUndefined();
    }
    fc.assert(fc.property(fc.string(), (text) => void readTopLevelFields(`{${text}`, NAMES)));
  });
});
