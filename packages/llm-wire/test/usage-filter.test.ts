import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OPENAI_CHAT, type StreamFilter } from "../src/index.ts";

const LINE_ENDS = ["\n", "\r\n", "\r"] as const;
const ID = `"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"gpt-4o","service_tier":"default"`;
const USAGE = `{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11,"prompt_tokens_details":{"cached_tokens":0}}`;
const MARK = "@@";

/** Chunks of OpenAI's streams; what asking for usage brings stands between marks. */
const CHUNKS = [
  `data: {${ID},"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]@@,"usage":null@@}`,
  `data: {${ID},"choices":[{"index":0,"delta":{"content":"Grüße 😀"},"finish_reason":null}]@@,"usage":null@@,"obfuscation":"aB3"}`,
  String.raw`data: {${ID},"choices":[{"index":0,"delta":{"content":"\"usage\":null \"choices\":[]"},"finish_reason":null}]@@,"usage":null@@}`,
  `data: {${ID},"choices":[{"index":0,"delta":{"usage":null,"refusal":null}}]@@,"usage":null@@}`,
  `data: {${ID},"choices":[{"index":0,"delta":{"tool_calls":[{"function":{"name":"usage","arguments":""}}]}}]}`,
  `data: {"choices":[],"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0}]@@, "usage": null@@}`,
  `data: {@@"usage":null,@@${ID},"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`,
  `data: {"extra":{"usage":null},"choices":[],"x_groq":{"usage":{"prompt_tokens":1}}}`,
  `data: {${ID},"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":${USAGE}}`,
  `: keep-alive "usage":null`,
  `event: ping%id: 7%data: {"usage":"null","choices":[]}`,
  `data: {"usage":%data: null}`,
  `data: {"a":{"usage":null}%data: }`,
  `data: no JSON "usage":null}`,
  `data: [DONE]`,
] as const;
const USAGE_CHUNKS = [
  `data: {${ID},"choices":[],"usage":${USAGE}}`,
  `data: {${ID}, "choices": [ ], "usage": ${USAGE}, "obfuscation":"x"}`,
] as const;

interface Stream {
  readonly with: Uint8Array;
  readonly without: Uint8Array;
}

function toStream(events: readonly string[], lineEnd: string): Stream {
  const text = events
    .map((event) => {
      const isUsage = USAGE_CHUNKS.some((chunk) => chunk === event);
      const whole = event.replaceAll("%", lineEnd) + lineEnd + lineEnd;
      return isUsage ? MARK + whole + MARK : whole;
    })
    .join("");
  const parts = text.split(MARK);
  const encode = (kept: readonly string[]) => new TextEncoder().encode(kept.join(""));
  return { with: encode(parts), without: encode(parts.filter((_part, index) => index % 2 === 0)) };
}

function createFilter(): StreamFilter {
  const filter = OPENAI_CHAT.unaskedUsage?.createFilter();
  if (filter === undefined) throw new Error("OpenAI chat has no filter.");
  return filter;
}

function run(pieces: readonly Uint8Array[]): Uint8Array {
  const filter = createFilter();
  const outputs = pieces.map((piece) => {
    const own = new Uint8Array(piece);
    const output = new Uint8Array(filter.write(own));
    own.fill(0);
    return output;
  });
  return Buffer.concat([...outputs, filter.end()]);
}

function cutAt(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge));
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const STREAM = [...CHUNKS.slice(0, -1), ...USAGE_CHUNKS, "data: [DONE]"];

describe("the filter of usage that was not asked for", () => {
  it.each(LINE_ENDS)("gives the stream that would have come without asking, for every cut (line end %j)", (lineEnd) => {
    const stream = toStream(STREAM, lineEnd);
    const expected = text(stream.without);
    for (let cut = 0; cut <= stream.with.length; cut += 1) {
      const output = run([stream.with.subarray(0, cut), stream.with.subarray(cut)]);
      if (Buffer.compare(output, stream.without) !== 0)
        expect({ cut, text: text(output) }).toEqual({ cut, text: expected });
    }
    expect(text(run(Array.from(stream.with, (byte) => Uint8Array.of(byte))))).toBe(expected);
  });

  it("does so for any chunks in any order, cut anywhere", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...CHUNKS, ...USAGE_CHUNKS), { maxLength: 8 }),
        fc.constantFrom(...LINE_ENDS),
        fc.array(fc.nat()),
        (events, lineEnd, cuts) => {
          const stream = toStream(events, lineEnd);
          expect(text(run(cutAt(stream.with, cuts)))).toBe(text(stream.without));
        },
      ),
      { numRuns: 500 },
    );
  });

  it("passes everything else on unchanged, and never throws, whatever it is given", () => {
    const noise = fc.oneof(
      fc.uint8Array(),
      fc.string().map((value) => new TextEncoder().encode(value)),
      fc
        .array(
          fc.constantFrom("data:", " ", "{", "}", '"usage"', ":", "null", "\r", "\n", "\n\n", ",", '"choices":[]', "é"),
        )
        .map((parts) => new TextEncoder().encode(parts.join(""))),
    );
    fc.assert(
      fc.property(fc.array(noise), fc.array(fc.nat()), (parts, cuts) => {
        const bytes = Buffer.concat(parts);
        const output = run(cutAt(bytes, cuts));
        if (!bytes.includes('"usage"')) expect(output).toEqual(bytes);
        expect(output.length).toBeLessThanOrEqual(bytes.length);
        expect(text(output)).toBe(text(run([bytes])));
      }),
      { numRuns: 1_000 },
    );
  });

  it("holds back no more than the event whose end has not come", () => {
    const filter = createFilter();
    const write = (piece: string) => text(filter.write(new TextEncoder().encode(piece)));
    expect(write("data: 1\n\n")).toBe("data: 1\n\n");
    expect(write("data: 2\n\ndata: ")).toBe("data: 2\n\n");
    expect(write("3")).toBe("");
    expect(write("\n\nda")).toBe("data: 3\n\n");
    expect(text(filter.end())).toBe("da");
    expect(text(filter.end())).toBe("");
  });

  it("gives a piece without usage back as it is, without a copy", () => {
    const piece = new TextEncoder().encode("data: 1\n\ndata: 2\n\n");
    expect(createFilter().write(piece)).toBe(piece);
  });

  it("keeps what else a chunk says that has usage and no choices", () => {
    const chunk = `data: {"choices":[],"usage":${USAGE},"citations":["a"]}\n\n`;
    expect(text(run([new TextEncoder().encode(chunk)]))).toBe(`data: {"choices":[],"citations":["a"]}\n\n`);
  });

  it("takes a chunk for one of usage alone whose other members are empty", () => {
    const chunk = `data: {${ID},"choices":[],"moderation":null,"stats":{},"usage":${USAGE}}\n\n`;
    expect(text(run([new TextEncoder().encode(chunk)]))).toBe("");
  });

  it("takes the chunk out of an event that has more lines, and leaves the others", () => {
    const chunk = `: ping\ndata: ${USAGE_CHUNKS[0].slice(6)}\n\ndata: [DONE]\n\n`;
    expect(text(run([new TextEncoder().encode(chunk)]))).toBe(": ping\n\ndata: [DONE]\n\n");
  });

  it("takes out a last chunk whose closing blank line never comes", () => {
    expect(text(run([new TextEncoder().encode(`data: 1\n\n${USAGE_CHUNKS[0]}`)]))).toBe("data: 1\n\n");
  });

  it("passes on what is too long to be held, and filters again behind it", () => {
    const long = `data: {"choices":[{"delta":{"content":"${"x".repeat(700_000)}"}}],"usage":null}\n\n`;
    const bytes = new TextEncoder().encode(`${long}${CHUNKS[0].replaceAll(MARK, "")}\n\n${USAGE_CHUNKS[0]}\n\n`);
    for (const size of [1_000, 65_536, 300_000]) {
      const filter = createFilter();
      let output = "";
      let passed = 0;
      let longest = 0;
      for (let at = 0; at < bytes.length; at += size) {
        const piece = filter.write(bytes.slice(at, at + size));
        output += text(piece);
        passed += piece.length;
        longest = Math.max(longest, Math.min(at + size, bytes.length) - passed);
      }
      output += text(filter.end());
      expect(output).toBe(`${long}${CHUNKS[0].replace(/@@.*?@@/, "")}\n\n`);
      expect(longest).toBeLessThanOrEqual(256 * 1024);
    }
  });
});

describe("a hostile stream costs time by its length, not by the square of it", () => {
  const takeMs = (events: string, pieceBytes: number): number => {
    const bytes = new TextEncoder().encode(events);
    const filter = createFilter();
    const startedAt = performance.now();
    for (let at = 0; at < bytes.length; at += pieceBytes) filter.write(bytes.subarray(at, at + pieceBytes));
    filter.end();
    return performance.now() - startedAt;
  };

  it.each<[string, (count: number) => string, number]>([
    ["a line full of null", (count) => toLine(`{"usage":null},`.repeat(count)), 1e9],
    ["a line full of objects", (count) => toLine(`{"usage":{}},`.repeat(count)), 1e9],
    ["a line full of numbers", (count) => `data: {${`"usage":5,`.repeat(count)}}\r\r`, 1e9],
    ["lines that end in carriage returns", (count) => `data: {"usage":null,"a":1}\r`.repeat(count), 1e9],
    ["an event of many lines in small pieces", (count) => "data: aaaaa\n".repeat(count), 16],
  ])("%s", (_name, create, pieceBytes) => {
    takeMs(create(1_000), pieceBytes);
    // Twenty times as long: twenty times the time, not four hundred times.
    expect(takeMs(create(20_000), pieceBytes)).toBeLessThan(100 * Math.max(1, takeMs(create(1_000), pieceBytes)));
  });

  it("passes a line full of usage that is not the chunk's own as it is", () => {
    for (const value of ["null", "{}"]) {
      const bytes = new TextEncoder().encode(toLine(`{"usage":${value}},`.repeat(100)));
      expect(createFilter().write(bytes)).toEqual(bytes);
    }
  });
});

function toLine(items: string): string {
  return `data: {"choices":[{"a":[${items}1],"choices":[]}]}\n\n`;
}
