import { EventStreamCodec } from "@smithy/eventstream-codec";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EventStreamSplitter, type SseEvent } from "../src/index.ts";

type Headers = Parameters<EventStreamCodec["encode"]>[0]["headers"];

const CODEC = new EventStreamCodec(
  (bytes) => (typeof bytes === "string" ? bytes : new TextDecoder().decode(bytes)),
  (text) => new TextEncoder().encode(text),
);

function encode(headers: Headers, data: string): Uint8Array {
  return CODEC.encode({ headers, body: new TextEncoder().encode(data) });
}

function encodeEvent(event: string, data: string): Uint8Array {
  const text = (value: string) => ({ type: "string" as const, value });
  return encode(
    { ":event-type": text(event), ":content-type": text("application/json"), ":message-type": text("event") },
    data,
  );
}

function split(pieces: readonly Uint8Array[], maxMessageBytes?: number) {
  const events: SseEvent[] = [];
  const keep = ({ event, data, exceptionType }: SseEvent) =>
    events.push(exceptionType === undefined ? { event, data } : { event, data, exceptionType });
  const splitter = new EventStreamSplitter(keep, maxMessageBytes);
  for (const piece of pieces) {
    const transferred = Uint8Array.from(piece);
    splitter.write(transferred);
    transferred.fill(0);
  }
  splitter.end();
  return { events, dropped: splitter.droppedEvents };
}

function cutAt(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const edges = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
  return edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge));
}

function toPieces(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (byte) => Uint8Array.of(byte));
}

const LONG = "é".repeat(3_000);
const EVENTS = [
  { event: "messageStart", data: '{"role":"assistant"}' },
  { event: "contentBlockDelta", data: LONG },
  { event: "metadata", data: "" },
];
const STREAM = Buffer.concat(EVENTS.map(({ event, data }) => encodeEvent(event, data)));

describe("EventStreamSplitter", () => {
  it("reads what the AWS SDK's own codec wrote, wherever it is cut", () => {
    expect(split([STREAM])).toEqual({ events: EVENTS, dropped: 0 });
    expect(split(toPieces(STREAM))).toEqual({ events: EVENTS, dropped: 0 });
    fc.assert(
      fc.property(fc.array(fc.nat(STREAM.length)), (cuts) => {
        expect(split(cutAt(STREAM, cuts))).toEqual({ events: EVENTS, dropped: 0 });
      }),
    );
  });

  it("finds the type among headers of every kind", () => {
    const headers: Headers = {
      yes: { type: "boolean", value: true },
      no: { type: "boolean", value: false },
      byte: { type: "byte", value: 1 },
      short: { type: "short", value: 2 },
      integer: { type: "integer", value: 3 },
      binary: { type: "binary", value: new Uint8Array(5) },
      when: { type: "timestamp", value: new Date(0) },
      id: { type: "uuid", value: "00000000-0000-4000-8000-000000000000" },
      text: { type: "string", value: "x".repeat(1_000) },
      ":event-type": { type: "string", value: "chunk" },
    };
    expect(split([encode(headers, "{}")]).events).toEqual([{ event: "chunk", data: "{}" }]);
  });

  it("names the exception or the error that came in place of an event", () => {
    const text = (value: string) => ({ type: "string" as const, value });
    const exception = { ":message-type": text("exception"), ":exception-type": text("throttlingException") };
    const error = { ":message-type": text("error"), ":error-code": text("InternalError") };
    expect(split([encode(exception, '{"message":"slow"}'), encode(error, "")]).events).toEqual([
      { event: "", data: '{"message":"slow"}', exceptionType: "throttlingException" },
      { event: "", data: "", exceptionType: "InternalError" },
    ]);
  });

  it("drops a message that is damaged or too long, counts it and reads on", () => {
    const damaged = encodeEvent("a", "one");
    damaged[damaged.length - 6] = 0;
    const next = encodeEvent("b", "two");
    for (const pieces of [[damaged, next], toPieces(Buffer.concat([damaged, next]))]) {
      expect(split(pieces)).toEqual({ events: [{ event: "b", data: "two" }], dropped: 1 });
    }
    const long = encodeEvent("a", LONG);
    for (const pieces of [[Buffer.concat([long, next])], [long, next], toPieces(Buffer.concat([long, next]))]) {
      expect(split(pieces, 200)).toEqual({ events: [{ event: "b", data: "two" }], dropped: 1 });
    }
  });

  it("reads no further behind lengths that are damaged", () => {
    const damaged = encodeEvent("a", "one");
    damaged[3] = 0xff;
    expect(split([encodeEvent("z", "zero"), damaged, encodeEvent("b", "two")])).toEqual({
      events: [{ event: "z", data: "zero" }],
      dropped: 1,
    });
  });

  it("sets nothing aside for a length that is only announced", () => {
    const [prelude] = cutAt(withLengths(4 * 2 ** 20, 0), [12]);
    const before = process.memoryUsage().arrayBuffers;
    const splitters = Array.from({ length: 200 }, () => new EventStreamSplitter(() => {}));
    for (const splitter of splitters) splitter.write(prelude ?? new Uint8Array());
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * 2 ** 20);
    expect(splitters.map((splitter) => splitter.droppedEvents)).not.toContain(1);
  });

  it("never throws, and gives no event that was not sent, on hostile lengths with a right checksum", () => {
    const length = fc.oneof(fc.nat(64), fc.nat(2 ** 32 - 1), fc.constantFrom(0, 12, 15, 16, 17, 2 ** 32 - 1));
    fc.assert(
      fc.property(
        length,
        length,
        fc.uint8Array({ maxLength: 64 }),
        fc.array(fc.nat(80)),
        (total, headers, rest, cuts) => {
          const hostile = Buffer.concat([withLengths(total, headers).subarray(0, 12), rest]);
          expect(
            split(
              cutAt(
                hostile,
                cuts.map((cut) => Math.min(cut, hostile.length)),
              ),
            ).events,
          ).toEqual([]);
        },
      ),
    );
  });

  it("never throws on headers that reach beyond their end, and reads on", () => {
    const next = encodeEvent("b", "two");
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(40), (content, headersBytes) => {
        const message = withLengths(16 + content.length, Math.min(headersBytes, content.length), content);
        expect(split([message, next]).events.at(-1)).toEqual({ event: "b", data: "two" });
      }),
    );
  });

  it("drops a message one of whose headers reaches into its data", () => {
    const header = Buffer.from("\u000b:event-type\u0007\u0000\u0005chunk", "latin1");
    const read = (headersBytes: number) => split([withLengths(16 + header.length, headersBytes, header)]);
    expect(read(header.length)).toEqual({ events: [{ event: "chunk", data: "" }], dropped: 0 });
    for (let end = 1; end < header.length; end += 1) expect(read(end)).toEqual({ events: [], dropped: 1 });
  });

  it("never throws on a damaged copy, and gives only events that were sent", () => {
    fc.assert(
      fc.property(fc.nat(STREAM.length - 1), fc.nat(255), fc.nat(STREAM.length), (at, value, end) => {
        const damaged = Uint8Array.from(STREAM.subarray(0, end));
        damaged[at] = value;
        for (const found of split([damaged]).events) expect(EVENTS).toContainEqual(found);
      }),
    );
  });
});

/** A message of these lengths whose checksums are right, as far as there is room for them. */
function withLengths(total: number, headers: number, content: Uint8Array = new Uint8Array()): Uint8Array {
  const message = Buffer.alloc(16 + content.length);
  message.writeUInt32BE(total, 0);
  message.writeUInt32BE(headers, 4);
  message.writeUInt32BE(crc(message.subarray(0, 8)), 8);
  message.set(content, 12);
  message.writeUInt32BE(crc(message.subarray(0, 12 + content.length)), 12 + content.length);
  return message;
}

/** By the definition, bit by bit: not the code under test. */
function crc(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) {
    for (let bit = 0; bit < 8; bit += 1) {
      const isSet = ((value ^ (byte >> bit)) & 1) === 1;
      value = isSet ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    }
  }
  return (value ^ 0xffffffff) >>> 0;
}
