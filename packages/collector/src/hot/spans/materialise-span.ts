import { createAttributes, type OtlpSpan } from "../../otlp/trace-data.ts";
import type { KnownResource, KnownScope } from "../known/known-origin.ts";
import { readEntry } from "./read-value.ts";
import type { SpanFields } from "./span-fields.ts";
import { bytesField, type WireReader } from "./wire-reader.ts";
import { decodeText } from "../known/decode-text.ts";

/** A span as an object, without its events and links: what a call's row is made of the slow way. */
export function materialiseSpan(
  reader: WireReader,
  fields: SpanFields,
  resource: KnownResource,
  scope: KnownScope,
): OtlpSpan {
  const { view } = reader;
  const bytes = (at: number, size: number) => new Uint8Array(view.buffer, view.byteOffset + at, size);
  const time = (at: number) => (at === 0 ? 0n : view.getBigUint64(at, true));
  const attributes = createAttributes();
  reader.at = fields.at;
  while (reader.at < fields.end) {
    const key = reader.small();
    if (key === bytesField(9)) readEntry(reader, reader.endOfBytes(fields.end), attributes, 0);
    else reader.skip(key, fields.end);
  }
  return {
    origin: { resourceAttributes: resource.attributes, scopeName: scope.name, scopeVersion: scope.version },
    traceId: bytes(fields.traceAt, fields.traceSize),
    spanId: bytes(fields.spanAt, fields.spanSize),
    parentSpanId: bytes(fields.parentAt, fields.parentSize),
    traceState: decodeText(bytes(fields.stateAt, fields.stateSize)),
    name: fields.name?.text ?? "",
    kind: fields.kind,
    startTimeUnixNano: time(fields.startAt),
    endTimeUnixNano: time(fields.endAt),
    attributes,
    events: [],
    links: [],
    statusCode: fields.statusCode,
    statusMessage: decodeText(bytes(fields.messageAt, fields.messageSize)),
  };
}
