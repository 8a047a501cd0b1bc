import { checkCount, MAX_PARTS_OF_A_SPAN, MAX_SPANS, MAX_VALUE_DEPTH, OtlpDecodeError } from "./otlp-decode-error.ts";
import {
  type Attributes,
  type AttributeValue,
  createAttributes,
  type OtlpEvent,
  type OtlpLink,
  type OtlpSpan,
  type SpanOrigin,
} from "./trace-data.ts";

type JsonObject = Readonly<Record<string, unknown>>;

const HEX = /^(?:[0-9a-fA-F]{2})*$/;
const INTEGER = /^-?\d{1,20}$/;

/**
 * Reads an `ExportTraceServiceRequest` in OTLP's JSON encoding: ids in hexadecimal, 64-bit integers as texts or numbers, enums as
 * integers. Fields that are not known are passed over; `null` reads as absent.
 * @throws OtlpDecodeError
 * @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
export function decodeJson(text: string): OtlpSpan[] {
  const spans: OtlpSpan[] = [];
  const request = toObject(parse(text), "the body");
  for (const [at, resourceSpans] of objects(request, "resourceSpans", "")) {
    const resourceAttributes = readAttributes(object(resourceSpans, "resource", at), `${at}.resource`);
    for (const [scopeAt, scopeSpans] of objects(resourceSpans, "scopeSpans", at)) {
      const scope = object(scopeSpans, "scope", scopeAt);
      const origin: SpanOrigin = {
        resourceAttributes,
        scopeName: string(scope, "name", scopeAt),
        scopeVersion: string(scope, "version", scopeAt),
      };
      for (const [spanAt, span] of objects(scopeSpans, "spans", scopeAt)) {
        spans.push(readSpan(span, origin, spanAt));
        checkCount(spans.length, MAX_SPANS, "spans");
      }
    }
  }
  return spans;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new OtlpDecodeError(`The body is not JSON: ${cause instanceof Error ? cause.message : String(cause)}.`, {
      cause,
    });
  }
}

function readSpan(span: JsonObject, origin: SpanOrigin, at: string): OtlpSpan {
  const status = object(span, "status", at);
  return {
    origin,
    traceId: hex(span, "traceId", at),
    spanId: hex(span, "spanId", at),
    parentSpanId: hex(span, "parentSpanId", at),
    traceState: string(span, "traceState", at),
    name: string(span, "name", at),
    kind: enumValue(span, "kind", at),
    startTimeUnixNano: nanos(span, "startTimeUnixNano", at),
    endTimeUnixNano: nanos(span, "endTimeUnixNano", at),
    attributes: readAttributes(span, at),
    events: objects(span, "events", at).map(([eventAt, event]) => readEvent(event, eventAt)),
    links: objects(span, "links", at).map(([linkAt, link]) => readLink(link, linkAt)),
    statusCode: enumValue(status, "code", at),
    statusMessage: string(status, "message", at),
  };
}

function readEvent(event: JsonObject, at: string): OtlpEvent {
  return {
    timeUnixNano: nanos(event, "timeUnixNano", at),
    name: string(event, "name", at),
    attributes: readAttributes(event, at),
  };
}

function readLink(link: JsonObject, at: string): OtlpLink {
  return {
    traceId: hex(link, "traceId", at),
    spanId: hex(link, "spanId", at),
    traceState: string(link, "traceState", at),
    attributes: readAttributes(link, at),
  };
}

function readAttributes(holder: JsonObject, at: string): Attributes {
  return readKeyValues(objects(holder, "attributes", at), 0);
}

function readKeyValues(
  entries: readonly (readonly [string, JsonObject])[],
  depth: number,
): Record<string, AttributeValue> {
  const attributes = createAttributes();
  for (const [at, entry] of entries)
    attributes[string(entry, "key", at)] = readValue(object(entry, "value", at), at, depth);
  return attributes;
}

function readValue(value: JsonObject, at: string, depth: number): AttributeValue {
  if (depth > MAX_VALUE_DEPTH)
    throw new OtlpDecodeError(`An attribute value nests deeper than ${MAX_VALUE_DEPTH} levels at ${at}.`);
  if (value["stringValue"] !== undefined) return string(value, "stringValue", at);
  if (value["boolValue"] !== undefined) return value["boolValue"] === true || value["boolValue"] === "true";
  if (value["intValue"] !== undefined) return int64(value["intValue"], at);
  if (value["doubleValue"] !== undefined) return double(value["doubleValue"], at);
  if (value["bytesValue"] !== undefined) return Buffer.from(string(value, "bytesValue", at), "base64");
  if (value["arrayValue"] !== undefined) {
    const items = objects(object(value, "arrayValue", at), "values", at);
    return items.map(([itemAt, item]) => readValue(item, itemAt, depth + 1));
  }
  if (value["kvlistValue"] !== undefined)
    return readKeyValues(objects(object(value, "kvlistValue", at), "values", at), depth + 1);
  return null;
}

function int64(value: unknown, at: string): number | bigint {
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  if ((typeof value === "number" && Number.isInteger(value)) || (typeof value === "string" && INTEGER.test(value))) {
    const exact = BigInt.asIntN(64, BigInt(value));
    return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
  }
  throw fault(at, "intValue", "a 64-bit integer", value);
}

/** A double; JSON has no NaN or infinity, which come as texts, or as null from senders that know no better. */
function double(value: unknown, at: string): number {
  if (typeof value === "number") return value;
  if (value === null) return Number.NaN;
  if (value === "NaN" || value === "Infinity" || value === "-Infinity") return Number(value);
  throw fault(at, "doubleValue", "a number", value);
}

function nanos(holder: JsonObject, name: string, at: string): bigint {
  const value = holder[name];
  if (value === undefined || value === null) return 0n;
  if (typeof value === "string" && /^\d{1,20}$/.test(value)) return BigInt.asUintN(64, BigInt(value));
  if (typeof value === "number" && Number.isInteger(value) && value >= 0) return BigInt.asUintN(64, BigInt(value));
  throw fault(at, name, "nanoseconds since 1970 as a decimal text", value);
}

function enumValue(holder: JsonObject, name: string, at: string): number {
  const value = holder[name];
  if (value === undefined || value === null) return 0;
  if (typeof value === "number" && Number.isInteger(value)) return value;
  throw fault(at, name, "an integer (OTLP's JSON has no enum names)", value);
}

function hex(holder: JsonObject, name: string, at: string): Uint8Array {
  const text = string(holder, name, at);
  if (!HEX.test(text)) throw fault(at, name, "hexadecimal digits", text);
  return Buffer.from(text, "hex");
}

function string(holder: JsonObject, name: string, at: string): string {
  const value = holder[name];
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  throw fault(at, name, "a text", value);
}

function object(holder: JsonObject, name: string, at: string): JsonObject {
  const value = holder[name];
  return value === undefined || value === null ? {} : toObject(value, `${at}.${name}`);
}

function objects(holder: JsonObject, name: string, at: string): (readonly [at: string, value: JsonObject])[] {
  const value = holder[name];
  if (value === undefined || value === null) return [];
  const path = at === "" ? name : `${at}.${name}`;
  if (!Array.isArray(value)) throw fault(at, name, "an array", value);
  checkCount(value.length, name === "spans" ? MAX_SPANS : MAX_PARTS_OF_A_SPAN, `entries in ${path}`);
  return value.map((item: unknown, index) => [`${path}[${index}]`, toObject(item, `${path}[${index}]`)] as const);
}

function toObject(value: unknown, at: string): JsonObject {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw new OtlpDecodeError(`An object was expected at ${at}, but it is ${show(value)}.`);
}

function fault(at: string, name: string, expected: string, value: unknown): OtlpDecodeError {
  return new OtlpDecodeError(`${at === "" ? "" : `${at}.`}${name} must be ${expected}, but it is ${show(value)}.`);
}

function show(value: unknown): string {
  const MAX_SHOWN = 60;
  return (JSON.stringify(value) ?? String(value)).slice(0, MAX_SHOWN);
}
