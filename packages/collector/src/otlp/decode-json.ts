import {
  checkCount,
  MAX_CONTAINERS,
  MAX_MESSAGES_OF_A_SPAN,
  MAX_PARTS_OF_A_SPAN,
  MAX_SPANS,
  MAX_VALUE_DEPTH,
  OtlpDecodeError,
} from "./otlp-decode-error.ts";
import {
  type Attributes,
  type AttributeValue,
  createAttributes,
  createMalformedSpan,
  type OtlpEvent,
  type OtlpLink,
  type OtlpSpan,
  type SpanOrigin,
} from "./trace-data.ts";

type JsonObject = Readonly<Record<string, unknown>>;

const HEX = /^(?:[0-9a-fA-F]{2})*$/;
const INTEGER = /^-?\d{1,20}$/;
const MAX_UINT64 = 2n ** 64n - 1n;
const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;

/** OTLP's JSON has integers only; senders that follow protobuf's own JSON send names, which can mean nothing else. */
const KIND_NAMES = enumNames("SPAN_KIND_", ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"]);
const STATUS_NAMES = enumNames("STATUS_CODE_", ["UNSET", "OK", "ERROR"]);

/**
 * Reads an `ExportTraceServiceRequest` in OTLP's JSON encoding: ids in hexadecimal, 64-bit integers as texts or numbers, enums as
 * integers or names. Fields that are not known are passed over; `null` reads as absent. A span with a field that cannot be read is
 * `malformed`, and so is every span of a resource or scope with one; the others are none the worse for it.
 * @throws OtlpDecodeError when the body as a whole is no request, or holds more than it may
 * @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
export function decodeJson(text: string): OtlpSpan[] {
  return new JsonDecoder().readRequest(parse(text));
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

/** What is wrong with one field; it is the whole body's fault only where no span is to blame. */
class FieldFault extends OtlpDecodeError {}

class JsonDecoder {
  readonly #spans: OtlpSpan[] = [];
  /** Where the decoder is, for messages: names, and indexes of lists. */
  readonly #path: (string | number)[] = [];
  #containers = 0;
  #messagesOfSpan = 0;

  readRequest(body: unknown): OtlpSpan[] {
    this.#each(this.#toObject(body), "resourceSpans", (item) => this.#readResourceSpans(this.#toObject(item)));
    return this.#spans;
  }

  #readResourceSpans(resourceSpans: JsonObject): void {
    const resource = this.#attempt(() => this.#within(resourceSpans, "resource", (it) => this.#readAttributes(it)));
    this.#each(resourceSpans, "scopeSpans", (item) => this.#readScopeSpans(this.#toObject(item), resource));
  }

  #readScopeSpans(scopeSpans: JsonObject, resource: Attributes | FieldFault): void {
    const origin = this.#attempt(() =>
      this.#within(scopeSpans, "scope", (scope): SpanOrigin => {
        if (resource instanceof FieldFault) throw resource;
        const [scopeName, scopeVersion] = [this.#string(scope, "name"), this.#string(scope, "version")];
        return { resourceAttributes: resource, scopeName, scopeVersion };
      }),
    );
    this.#each(scopeSpans, "spans", (item) => {
      checkCount(this.#spans.length + 1, MAX_SPANS, "spans");
      this.#messagesOfSpan = 0;
      const span = this.#attempt(() => {
        if (origin instanceof FieldFault) throw origin;
        return this.#readSpan(this.#toObject(item), origin);
      });
      this.#spans.push(span instanceof FieldFault ? createMalformedSpan(span.message) : span);
    });
  }

  /** What `read` gives, or its fault. */
  #attempt<T>(read: () => T): T | FieldFault {
    const depth = this.#path.length;
    try {
      return read();
    } catch (error) {
      if (!(error instanceof FieldFault)) throw error;
      this.#path.length = depth;
      return error;
    }
  }

  #readSpan(span: JsonObject, origin: SpanOrigin): OtlpSpan {
    const parts = ["attributes", "events", "links"].reduce((sum, name) => sum + lengthOf(span[name]), 0);
    checkCount(parts, MAX_PARTS_OF_A_SPAN, "attributes, events and links of a span");
    const status = this.#within(span, "status", (it) => ({
      statusCode: this.#enum(it, "code", STATUS_NAMES),
      statusMessage: this.#string(it, "message"),
    }));
    return {
      origin,
      traceId: this.#hex(span, "traceId"),
      spanId: this.#hex(span, "spanId"),
      parentSpanId: this.#hex(span, "parentSpanId"),
      traceState: this.#string(span, "traceState"),
      name: this.#string(span, "name"),
      kind: this.#enum(span, "kind", KIND_NAMES),
      startTimeUnixNano: this.#nanos(span, "startTimeUnixNano"),
      endTimeUnixNano: this.#nanos(span, "endTimeUnixNano"),
      attributes: this.#readAttributes(span),
      events: this.#each(span, "events", (event) => this.#readEvent(this.#toObject(event))),
      links: this.#each(span, "links", (link) => this.#readLink(this.#toObject(link))),
      ...status,
    };
  }

  #readEvent(event: JsonObject): OtlpEvent {
    this.#countContainer();
    return {
      timeUnixNano: this.#nanos(event, "timeUnixNano"),
      name: this.#string(event, "name"),
      attributes: this.#readAttributes(event),
    };
  }

  #readLink(link: JsonObject): OtlpLink {
    this.#countContainer();
    return {
      traceId: this.#hex(link, "traceId"),
      spanId: this.#hex(link, "spanId"),
      traceState: this.#string(link, "traceState"),
      attributes: this.#readAttributes(link),
    };
  }

  #readAttributes(holder: JsonObject): Attributes {
    return this.#readKeyValues(holder, "attributes", 0);
  }

  #readKeyValues(holder: JsonObject, name: string, depth: number): Attributes {
    const attributes = createAttributes();
    this.#each(holder, name, (item) => {
      const entry = this.#toObject(item);
      attributes[this.#string(entry, "key")] = isAbsent(entry["value"])
        ? null
        : this.#within(entry, "value", (value) => this.#readValue(value, depth));
    });
    return attributes;
  }

  #readValue(value: JsonObject, depth: number): AttributeValue {
    if (depth > MAX_VALUE_DEPTH)
      throw new OtlpDecodeError(`An attribute value nests deeper than ${MAX_VALUE_DEPTH} levels at ${this.#place()}.`);
    if (!isAbsent(value["stringValue"])) return this.#string(value, "stringValue");
    if (!isAbsent(value["boolValue"])) return this.#boolean(value["boolValue"]);
    if (!isAbsent(value["intValue"])) return this.#int64(value["intValue"]);
    if (value["doubleValue"] !== undefined) return this.#double(value["doubleValue"]);
    if (!isAbsent(value["bytesValue"])) return Buffer.from(this.#string(value, "bytesValue"), "base64");
    if (!isAbsent(value["arrayValue"])) {
      return this.#within(value, "arrayValue", (list) => {
        this.#countContainer();
        return this.#each(list, "values", (item) => this.#readValue(this.#toObject(item), depth + 1));
      });
    }
    if (isAbsent(value["kvlistValue"])) return null;
    return this.#within(value, "kvlistValue", (map) => {
      this.#countContainer();
      return this.#readKeyValues(map, "values", depth + 1);
    });
  }

  #boolean(value: unknown): boolean {
    if (typeof value === "boolean") return value;
    if (value === "true" || value === "false") return value === "true";
    throw this.#fault("boolValue", "true or false", value);
  }

  #int64(value: unknown): number | bigint {
    if (typeof value === "number" && Number.isSafeInteger(value)) return value;
    const exact = toBigInt(value);
    if (exact === null || exact < MIN_INT64 || exact > MAX_INT64)
      throw this.#fault("intValue", "a 64-bit integer", value);
    return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
  }

  /** A double; JSON has no NaN or infinity, which come as texts, or as null from senders that know no better. */
  #double(value: unknown): number {
    if (typeof value === "number") return value;
    if (value === null) return Number.NaN;
    if (value === "NaN" || value === "Infinity" || value === "-Infinity") return Number(value);
    throw this.#fault("doubleValue", "a number", value);
  }

  #nanos(holder: JsonObject, name: string): bigint {
    const value = holder[name];
    if (isAbsent(value)) return 0n;
    const exact = toBigInt(value);
    if (exact !== null && exact >= 0n && exact <= MAX_UINT64) return exact;
    throw this.#fault(name, "nanoseconds since 1970 as a decimal text", value);
  }

  #enum(holder: JsonObject, name: string, names: ReadonlyMap<unknown, number>): number {
    const value = holder[name];
    if (isAbsent(value)) return 0;
    const number = names.get(value) ?? value;
    if (typeof number === "number" && Number.isInteger(number)) return number;
    throw this.#fault(name, "an integer", value);
  }

  #hex(holder: JsonObject, name: string): Uint8Array {
    const text = this.#string(holder, name);
    if (!HEX.test(text)) throw this.#fault(name, "hexadecimal digits (not base64)", text);
    return Buffer.from(text, "hex");
  }

  #string(holder: JsonObject, name: string): string {
    const value = holder[name];
    if (isAbsent(value)) return "";
    if (typeof value === "string") return value;
    throw this.#fault(name, "a text", value);
  }

  /** Reads an object; an absent one is an empty one. */
  #within<T>(holder: JsonObject, name: string, read: (value: JsonObject) => T): T {
    const value = holder[name];
    this.#path.push(name);
    const result = read(isAbsent(value) ? {} : this.#toObject(value));
    this.#path.pop();
    return result;
  }

  /** Reads every entry of a list; an absent one is an empty one. */
  #each<T>(holder: JsonObject, name: string, read: (item: unknown) => T): T[] {
    const value = holder[name];
    if (isAbsent(value)) return [];
    if (!Array.isArray(value)) throw this.#fault(name, "an array", value);
    const at = this.#path.push(name, 0) - 1;
    const results = value.map((item: unknown, index) => {
      this.#path[at] = index;
      checkCount(++this.#messagesOfSpan, MAX_MESSAGES_OF_A_SPAN, "values of a span or resource");
      return read(item);
    });
    this.#path.length = at - 1;
    return results;
  }

  #countContainer(): void {
    checkCount(++this.#containers, MAX_CONTAINERS, "events, links, lists and maps");
  }

  #toObject(value: unknown): JsonObject {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
    throw new FieldFault(`An object was expected at ${this.#place() || "the body"}, but it is ${show(value)}.`);
  }

  #fault(name: string, expected: string, value: unknown): FieldFault {
    this.#path.push(name);
    return new FieldFault(`${this.#place()} must be ${expected}, but it is ${show(value)}.`);
  }

  #place(): string {
    return this.#path
      .map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`))
      .join("")
      .slice(1);
  }
}

function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

function lengthOf(value: unknown): number {
  return Array.isArray(value) ? value.length : 0;
}

function toBigInt(value: unknown): bigint | null {
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value) : null;
  return typeof value === "string" && INTEGER.test(value) ? BigInt(value) : null;
}

function enumNames(prefix: string, names: readonly string[]): ReadonlyMap<unknown, number> {
  return new Map(names.map((name, number) => [prefix + name, number]));
}

/** A value for a message; nothing of an object is shown, which may be of any size and depth. */
function show(value: unknown): string {
  const MAX_SHOWN = 60;
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" && value !== null ? "an object" : JSON.stringify(value).slice(0, MAX_SHOWN);
}
