import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OPENAI_CHAT } from "../src/index.ts";

const addTo = (body: string) => OPENAI_CHAT.unaskedUsage?.addTo(body);

describe("asking for usage", () => {
  it.each([
    ['{"model":"m","stream":true}', '{"model":"m","stream":true,"stream_options":{"include_usage":true}}'],
    [
      ' { "stream" : true , "seed": 12345678901234567890, "seed":1 } ',
      ' { "stream" : true,"stream_options":{"include_usage":true} , "seed": 12345678901234567890, "seed":1 } ',
    ],
    ['{"stream_options":null,"stream":true}', '{"stream_options":{"include_usage":true},"stream":true}'],
    ['{"stream":true,"stream_options":{}}', '{"stream":true,"stream_options":{"include_usage":true}}'],
    [
      '{"stream":true,"stream_options":{"include_obfuscation":false}}',
      '{"stream":true,"stream_options":{"include_usage":true,"include_obfuscation":false}}',
    ],
    [
      '{"stream":true,"stream_options":{"include_obfuscation":false, "include_usage" : false }}',
      '{"stream":true,"stream_options":{"include_obfuscation":false, "include_usage" : true }}',
    ],
  ])("adds the wish to %s and nothing else", (body, expected) => {
    expect(addTo(body)).toBe(expected);
  });

  it.each([
    '{"stream":false}',
    '{"model":"m"}',
    '{"stream":true,"stream_options":{"include_usage":true}}',
    '{"stream":true,"stream_options":{"include_usage":null}}',
    '{"stream":true,"stream_options":{"include_usage":false,"include_usage":false}}',
    '{"stream":true,"stream_options":[]}',
    '{"stream":true,"stream_options":7}',
    '{"stream":true,"stream":true}',
    '{"stream":true,"stream_options":{},"stream_options":{}}',
    String.raw`{"str\u0065am":true,"stream":true}`,
    '{"stream":true',
    '{"stream":true} {}',
    '[{"stream":true}]',
    '{"messages":[{"stream":true}]}',
    "stream=true",
    "",
  ])("leaves %s alone", (body) => {
    expect(addTo(body)).toBeNull();
  });

  it("changes nothing but the wish in any request, and never throws on any text", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(3), fc.string(), (fields, indent, noise) => {
        addTo(noise);
        const { stream_options: _options, ...others } = { ...fields, stream: true } as Record<string, unknown>;
        const body = JSON.stringify(others, null, indent);
        const added = addTo(body);
        if (added === null || added === undefined) {
          expect(Object.keys(others).some((key) => JSON.stringify(key).includes("\\"))).toBe(true);
          return;
        }
        expect(added.replace(',"stream_options":{"include_usage":true}', "")).toBe(body);
        expect(JSON.parse(added)).toEqual({ ...JSON.parse(body), stream_options: { include_usage: true } });
      }),
    );
  });
});
