import { crc32 } from "node:zlib";

const WORD_BYTES = 4;
const STRING_TYPE = 7;

/** A frame of `application/vnd.amazon.eventstream` that holds an event of JSON. @see https://smithy.io/2.0/aws/amazon-eventstream.html */
export function toAwsFrame(event: string, data: unknown): Uint8Array {
  const headers = Buffer.concat([
    toHeader(":event-type", event),
    toHeader(":content-type", "application/json"),
    toHeader(":message-type", "event"),
  ]);
  const payload = Buffer.from(JSON.stringify(data));
  const lengths = Buffer.concat([toWord(4 * WORD_BYTES + headers.length + payload.length), toWord(headers.length)]);
  const checked = Buffer.concat([lengths, toWord(crc32(lengths)), headers, payload]);
  return Buffer.concat([checked, toWord(crc32(checked))]);
}

/** The content type of such frames. */
export const AWS_EVENT_STREAM = "application/vnd.amazon.eventstream";

function toHeader(name: string, value: string): Buffer {
  const lengths = { name: Buffer.of(name.length), value: Buffer.alloc(2) };
  lengths.value.writeUInt16BE(value.length);
  return Buffer.concat([lengths.name, Buffer.from(name), Buffer.of(STRING_TYPE), lengths.value, Buffer.from(value)]);
}

function toWord(value: number): Buffer {
  const word = Buffer.alloc(WORD_BYTES);
  word.writeUInt32BE(value);
  return word;
}
