import { type WireFormat, type WireOutcome, createBodyReader } from "../src/index.ts";

/** Feeds an event stream in the given pieces. */
export function readStream(format: WireFormat, pieces: Iterable<Uint8Array | string>): WireOutcome {
  const reader = createBodyReader(format, new Headers({ "content-type": "text/event-stream; charset=utf-8" }));
  for (const piece of pieces)
    reader.readBytes(typeof piece === "string" ? new TextEncoder().encode(piece) : piece.slice());
  reader.end();
  return reader.outcome();
}

/** Reads a JSON body in each of the ways a response is read, which must agree. */
export function readPlain(format: WireFormat, body: unknown): WireOutcome[] {
  const text = JSON.stringify(body);
  const readers = [1, 2, 3].map(() => createBodyReader(format, new Headers({ "content-type": "application/json" })));
  const [asValue, asText, asBytes] = readers;
  asValue?.readValue(body);
  asText?.readText(text);
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += 7) asBytes?.readBytes(bytes.slice(at, at + 7));
  for (const reader of readers) reader.end();
  return readers.map((reader) => reader.outcome());
}
