import { describe, expect, it } from "vitest";
import { type SseEvent, SseSplitter } from "../src/index.ts";

function split(pieces: readonly string[], maxEventLength?: number) {
  const events: SseEvent[] = [];
  const splitter = new SseSplitter((event) => events.push(event), maxEventLength);
  for (const piece of pieces) splitter.write(new TextEncoder().encode(piece));
  splitter.end();
  return { events, dropped: splitter.droppedEvents };
}

describe("SseSplitter", () => {
  it("reads fields as the specification says", () => {
    const text =
      "\uFEFFevent: a\ndata:one\ndata:  two\nid: 7\nretry: 1\n: comment\nother: x\n\ndata\n\n\n\nevent: no data\n\ndata: last";
    expect(split([text]).events).toEqual([
      { event: "a", data: "one\n two" },
      { event: "", data: "" },
      { event: "", data: "last" },
    ]);
  });

  it("drops an event that is too long, counts it and reads on", () => {
    const long = `data: ${"x".repeat(100)}`;
    for (const pieces of [
      [`${long}\n\ndata: b\n\n`],
      Array.from(`${long}\ndata: more\n\ndata: b\n\n`),
      Array.from(`${long}\r\n\r\ndata: b\r\n\r\n`),
    ]) {
      expect(split(pieces, 50)).toEqual({ events: [{ event: "", data: "b" }], dropped: 1 });
    }
    const manyLines = `${"data: 12345\n".repeat(20)}\ndata: b\n\n`;
    expect(split([manyLines], 50)).toEqual({ events: [{ event: "", data: "b" }], dropped: 1 });
  });

  it("keeps no reference to the bytes it was given", () => {
    const events: SseEvent[] = [];
    const splitter = new SseSplitter((event) => events.push(event));
    const bytes = new TextEncoder().encode("data: half");
    splitter.write(bytes);
    bytes.fill(0);
    splitter.write(new TextEncoder().encode(" and half\n\n"));
    expect(events).toEqual([{ event: "", data: "half and half" }]);
  });
});
