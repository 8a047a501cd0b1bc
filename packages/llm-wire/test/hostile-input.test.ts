import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_JSON_BODY_BYTES, UNKNOWN_OUTCOME, createBodyReader } from "../src/index.ts";
import { FORMATS } from "./payloads.ts";

const DEPTH = 200_000;
const HUGE = "9".repeat(400);

describe.each(FORMATS.map((format) => [format.name, format] as const))("%s", (_name, format) => {
  const fields = [...format.responseFields, "usage", "response", "message", "delta", "type"];
  const hostile = [
    "[".repeat(DEPTH),
    '{"a":'.repeat(DEPTH),
    `{${fields.map((name) => `"${name}":${"[".repeat(DEPTH)}`).join(",")}`,
    `{${fields.map((name) => `"${name}":${"[".repeat(1_000)}${"]".repeat(1_000)}`).join(",")}}`,
    `{${fields.map((name) => `"${name}":${HUGE}`).join(",")}}`,
    `{${fields.map((name) => `"${name}":{"prompt_tokens":${HUGE},"input_tokens":-${HUGE},"seconds":1e999}`).join(",")}}`,
    `{"usage":{"prompt_tokens":"12","completion_tokens":[1],"input_tokens":{},"output_tokens":true}}`,
    `{"__proto__":{"usage":{"prompt_tokens":1}},"constructor":1}`,
    `{"${"\\\\".repeat(100_000)}":1}`,
    '"',
    "{",
    '{"a"',
    '{"a":',
    '{"a":1,',
  ];

  it("never throws on hostile JSON, in a request, a response or a stream", () => {
    for (const text of hostile) {
      format.readRequest("/v1/models/m:predict", text);
      format.unaskedUsage?.addTo(text);
      for (const type of ["application/json", "text/event-stream"]) {
        const reader = createBodyReader(format, new Headers({ "content-type": type }));
        reader.readBytes(new TextEncoder().encode(type === "application/json" ? text : `data: ${text}\n\n`));
        reader.end();
        for (const [name, value] of Object.entries(reader.outcome().usage)) {
          if (typeof value === "number") expect([name, Number.isFinite(value)]).toEqual([name, true]);
        }
      }
    }
  });

  it("takes the parts of a form for text or nothing", () => {
    fc.assert(
      fc.property(fc.string(), fc.option(fc.string()), (path, field) => {
        format.readRequest(path, null, () => field);
      }),
    );
  });

  it("keeps no body that is longer than its bound", () => {
    const reader = createBodyReader(format, new Headers({ "content-type": "application/json" }));
    const piece = new Uint8Array(1024 * 1024).fill(0x20);
    for (let sent = 0; sent <= MAX_JSON_BODY_BYTES; sent += piece.length) reader.readBytes(piece);
    reader.readBytes(new TextEncoder().encode('{"usage":{"prompt_tokens":1,"completion_tokens":1}}'));
    reader.end();
    expect(reader.outcome().usage).toEqual(UNKNOWN_OUTCOME.usage);
  });

  it("keeps little more of a body in pieces of a byte each than its bytes", () => {
    const reader = createBodyReader(format, new Headers({ "content-type": "application/json" }));
    const piece = new Uint8Array([0x20]);
    const before = process.memoryUsage().arrayBuffers;
    const heldObjects = process.memoryUsage().heapUsed;
    const sizeBytes = 300_000;
    for (let sent = 0; sent < sizeBytes; sent += 1) reader.readBytes(piece);
    const usage = process.memoryUsage();
    expect(usage.arrayBuffers - before + Math.max(0, usage.heapUsed - heldObjects)).toBeLessThan(20 * sizeBytes);
    reader.end();
  });
});
