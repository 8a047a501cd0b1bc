import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ANTHROPIC_MESSAGES,
  GEMINI_GENERATE_CONTENT,
  OPENAI_CHAT,
  OPENAI_COMPLETIONS,
  OPENAI_IMAGES,
  OPENAI_RESPONSES,
  OPENAI_SPEECH,
  OPENAI_TRANSCRIPTION,
  type WireFormat,
  createBodyReader,
} from "../src/index.ts";
import {
  CHAT_STREAM,
  FORMATS,
  GEMINI_STREAM,
  IMAGE_STREAM,
  MESSAGE_STREAM,
  RESPONSE_STREAM,
  SPEECH_STREAM,
  TRANSCRIPTION_STREAM,
} from "./payloads.ts";
import { readStream } from "./read-stream.ts";

const STREAMS = [
  ["chat", OPENAI_CHAT, CHAT_STREAM],
  ["responses", OPENAI_RESPONSES, RESPONSE_STREAM],
  ["messages", ANTHROPIC_MESSAGES, MESSAGE_STREAM],
  ["gemini", GEMINI_GENERATE_CONTENT, GEMINI_STREAM],
  ["completions", OPENAI_COMPLETIONS, CHAT_STREAM],
  ["speech", OPENAI_SPEECH, SPEECH_STREAM],
  ["transcriptions", OPENAI_TRANSCRIPTION, TRANSCRIPTION_STREAM],
  ["images", OPENAI_IMAGES, IMAGE_STREAM],
] as const;

/** The same format, told to read every event. */
function withoutShortcuts(format: WireFormat): WireFormat {
  return {
    ...format,
    createStreamReader: () => {
      const reader = format.createStreamReader();
      return {
        readEvent: (event) => reader.readEvent(event),
        get finished() {
          return reader.finished;
        },
        outcome: () => reader.outcome(),
      };
    },
  };
}

describe.each(STREAMS)("a stream of %s", (_name, format, stream) => {
  it.each([
    ["line feeds", "\n"],
    ["carriage returns and line feeds", "\r\n"],
    ["carriage returns", "\r"],
  ])("has one outcome wherever it is cut, with %s", (_ends, lineEnd) => {
    const bytes = new TextEncoder().encode(stream.replaceAll("\n", lineEnd));
    const whole = readStream(format, [stream]);
    expect(whole.usage.output).not.toBeNull();
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      expect(readStream(format, [bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(whole);
    }
    expect(
      readStream(
        format,
        Array.from(bytes, (byte) => Uint8Array.of(byte)),
      ),
    ).toEqual(whole);
  });

  it("has one outcome however often it is cut", () => {
    const bytes = new TextEncoder().encode(stream);
    const whole = readStream(format, [bytes]);
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length)), (cuts) => {
        const edges = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const pieces = edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge));
        expect(readStream(format, pieces)).toEqual(whole);
      }),
    );
  });

  it("passes over no event that tells something, in any mixture of events, damaged or not, cut anywhere", () => {
    const events = stream.split(/(?<=\n\n)/);
    const noise = ["\n", "\r", "\r\n\r\n", ": ping\n\n", "data: x\n", "data:", "é", "\n\n", "event: x\n"];
    const parts = fc.array(fc.oneof(fc.constantFrom(...events), fc.constantFrom(...noise)), { maxLength: 12 });
    fc.assert(
      fc.property(parts, fc.array(fc.nat()), (texts, cuts) => {
        const bytes = new TextEncoder().encode(texts.join(""));
        const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
        const pieces = edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge));
        expect(readStream(format, pieces)).toEqual(readStream(withoutShortcuts(format), [bytes]));
      }),
      { numRuns: 300 },
    );
  });

  it("never throws on a damaged copy of it", () => {
    const bytes = new TextEncoder().encode(stream);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(bytes.length), (at, value, end) => {
        const damaged = bytes.slice(0, end);
        damaged[at] = value;
        readStream(format, [damaged]);
      }),
    );
  });
});

describe.each(FORMATS.map((format) => [format.name, format] as const))("%s", (_name, format) => {
  it("never throws, whatever bytes, text or value it is given", () => {
    fc.assert(
      fc.property(
        fc.uint8Array(),
        fc.string(),
        fc.jsonValue(),
        fc.constantFrom("application/json", "text/event-stream", "application/vnd.amazon.eventstream", ""),
        (bytes, text, value, type) => {
          const json = JSON.stringify(value);
          for (const body of [text, json, `data: ${json}\n\n`]) {
            const reader = createBodyReader(format, new Headers({ "content-type": type }));
            reader.readBytes(bytes);
            reader.readText(body);
            reader.readValue(value);
            reader.end();
            reader.outcome();
            format.readRequest(text, body);
            format.matchRequest("POST", text);
          }
        },
      ),
    );
  });

  it("never throws on known fields that hold anything", () => {
    const anything = fc.jsonValue();
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom(...format.responseFields, "type", "response", "message", "delta"), anything),
        (body) => {
          format.readResponse(body);
          for (const event of [
            "",
            "message_start",
            "message_delta",
            "response.created",
            "response.completed",
            "error",
          ]) {
            const reader = format.createStreamReader();
            reader.readEvent({ event, data: JSON.stringify(body) });
            reader.outcome();
          }
        },
      ),
    );
  });
});

it("reads on after half a character that came between events", () => {
  const events = CHAT_STREAM.split(/(?<=\n\n)/).map((text) => new TextEncoder().encode(text));
  const dull = new TextEncoder().encode('data: {"choices":[]}\n\n');
  const pieces = [...events.slice(0, 2), Uint8Array.of(0xc3), dull, ...events.slice(2)];
  expect(readStream(OPENAI_CHAT, pieces)).toEqual(readStream(OPENAI_CHAT, [CHAT_STREAM]));
});
