/** What of a span is enough to read what it is attributed to, or costs. */
export type SpanAttributes = Pick<SpanFacts, "attributes">;

/** A span as the dialects read it, from an SDK's span or from OTLP alike. */
export interface SpanFacts {
  readonly name: string;
  readonly scopeName: string;
  readonly scopeVersion: string;
  /** OTLP status code: 0 unset, 1 ok, 2 error. */
  readonly statusCode: 0 | 1 | 2;
  /** Attribute values: string, boolean, number (or bigint beyond 2^53), arrays of them. Anything else reads as absent. */
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resourceAttributes: Readonly<Record<string, unknown>>;
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
}
