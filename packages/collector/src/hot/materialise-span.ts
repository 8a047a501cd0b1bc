import { type AttributeValue, createAttributes, type OtlpSpan } from "../otlp/trace-data.ts";
import { decodeText } from "./decode-text.ts";
import { readInteger, readValue } from "./read-value.ts";
import { ATTRIBUTE, type RequestScan, SPAN } from "./scan-request.ts";
import { VALUE } from "./value-types.ts";

/** A span of a scan as an object, without its events and links: what a call's row is made of the slow way. */
export function materialiseSpan(scan: RequestScan, span: number): OtlpSpan {
  const { spans, reader } = scan;
  const { view } = reader;
  const group = scan.groups[spans[span + SPAN.group] ?? 0];
  const bytes = (at: number, size: number) =>
    new Uint8Array(view.buffer, view.byteOffset + (spans[span + at] ?? 0), spans[span + size] ?? 0);
  const time = (column: number) => {
    const at = spans[span + column] ?? 0;
    return at === 0 ? 0n : view.getBigUint64(at, true);
  };
  return {
    origin: {
      resourceAttributes: group?.resource.attributes ?? createAttributes(),
      scopeName: group?.scope.name ?? "",
      scopeVersion: group?.scope.version ?? "",
    },
    traceId: bytes(SPAN.traceAt, SPAN.traceSize),
    spanId: bytes(SPAN.spanAt, SPAN.spanSize),
    parentSpanId: bytes(SPAN.parentAt, SPAN.parentSize),
    traceState: decodeText(bytes(SPAN.stateAt, SPAN.stateSize)),
    name: scan.names[spans[span + SPAN.name] ?? 0]?.text ?? "",
    kind: spans[span + SPAN.kind] ?? 0,
    startTimeUnixNano: time(SPAN.startAt),
    endTimeUnixNano: time(SPAN.endAt),
    attributes: readAttributes(scan, span),
    events: [],
    links: [],
    statusCode: spans[span + SPAN.statusCode] ?? 0,
    statusMessage: decodeText(bytes(SPAN.messageAt, SPAN.messageSize)),
  };
}

function readAttributes(scan: RequestScan, span: number): Record<string, AttributeValue> {
  const attributes = createAttributes();
  const first = scan.spans[span + SPAN.firstAttribute] ?? 0;
  const count = scan.spans[span + SPAN.attributes] ?? 0;
  for (let index = first; index < first + count; index += 1) {
    const row = index * ATTRIBUTE.width;
    const key = scan.keys[scan.attributes[row + ATTRIBUTE.key] ?? 0];
    if (key !== undefined) attributes[key.name] = readAttributeValue(scan, row);
  }
  return attributes;
}

function readAttributeValue(scan: RequestScan, row: number): AttributeValue {
  const { attributes, reader } = scan;
  const at = attributes[row + ATTRIBUTE.at] ?? 0;
  const size = attributes[row + ATTRIBUTE.size] ?? 0;
  switch (attributes[row + ATTRIBUTE.type]) {
    case VALUE.text:
      return decodeText(new Uint8Array(reader.view.buffer, reader.view.byteOffset + at, size));
    case VALUE.truth:
      return size !== 0;
    case VALUE.integer:
      reader.at = at;
      return readInteger(reader);
    case VALUE.double:
      return reader.view.getFloat64(at, true);
    case VALUE.composed: {
      const composed = scan.composed[at];
      if (composed === undefined) return null;
      reader.at = composed.at;
      return readValue(reader, composed.end);
    }
    default:
      return null;
  }
}
