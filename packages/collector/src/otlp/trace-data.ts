/** A value of an attribute as OTLP has it. 64-bit integers that a double cannot hold are bigints. */
export type AttributeValue =
  | string
  | boolean
  | number
  | bigint
  | null
  | Uint8Array
  | readonly AttributeValue[]
  | { readonly [key: string]: AttributeValue };

/** Attributes by key, without a prototype: keys come from outside. The last of equal keys wins. */
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** A resource or scope, shared by its spans. */
export interface SpanOrigin {
  readonly resourceAttributes: Attributes;
  readonly scopeName: string;
  readonly scopeVersion: string;
}

/** One span of an export request, not yet checked beyond its encoding. */
export interface OtlpSpan {
  readonly origin: SpanOrigin;
  readonly traceId: Uint8Array;
  readonly spanId: Uint8Array;
  /** Empty for a root. */
  readonly parentSpanId: Uint8Array;
  readonly traceState: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
  readonly attributes: Attributes;
  readonly events: readonly OtlpEvent[];
  readonly links: readonly OtlpLink[];
  readonly statusCode: number;
  readonly statusMessage: string;
  /** What is wrong with a span whose fields could not all be read: it cannot be stored. */
  readonly malformed?: string;
}

/** @see OtlpSpan */
export interface OtlpEvent {
  readonly timeUnixNano: bigint;
  readonly name: string;
  readonly attributes: Attributes;
}

/** @see OtlpSpan */
export interface OtlpLink {
  readonly traceId: Uint8Array;
  readonly spanId: Uint8Array;
  readonly traceState: string;
  readonly attributes: Attributes;
}

/** Attributes to be filled in, without a prototype. */
export function createAttributes(): Record<string, AttributeValue> {
  return Object.create(null) as Record<string, AttributeValue>;
}

const NO_BYTES = new Uint8Array(0);
const NO_ORIGIN: SpanOrigin = { resourceAttributes: createAttributes(), scopeName: "", scopeVersion: "" };

/** Stands for a span that could not be read; `malformed` says why. */
export function createMalformedSpan(malformed: string): OtlpSpan {
  return {
    origin: NO_ORIGIN,
    traceId: NO_BYTES,
    spanId: NO_BYTES,
    parentSpanId: NO_BYTES,
    traceState: "",
    name: "",
    kind: 0,
    startTimeUnixNano: 0n,
    endTimeUnixNano: 0n,
    attributes: NO_ORIGIN.resourceAttributes,
    events: [],
    links: [],
    statusCode: 0,
    statusMessage: "",
    malformed,
  };
}
