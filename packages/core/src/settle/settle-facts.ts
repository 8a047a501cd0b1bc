import type { SpanAttribution } from "../read-attribution.ts";
import type { Usage } from "../usage.ts";

/** One LLM call span, as settlement looks at it. Everything is what the span itself said, never what settlement made of it. */
export interface SettleCall {
  /** `<trace id>:<span id>`; the one identity that is trusted alone. */
  readonly key: string;
  readonly traceId: string;
  readonly spanId: string;
  /** "" for a root. */
  readonly parentSpanId: string;
  /** The instrumentation scope's name: one producer writes one span a call. */
  readonly producer: string;
  readonly service: string;
  /** `llm`, or what else cost something: such a record is nobody's duplicate. */
  readonly costKind: string;
  readonly modelRequested: string;
  readonly modelReported: string;
  readonly responseId: string;
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
  readonly usage: Usage;
  readonly usageKnown: boolean;
  /** The attempt was refused before any token. */
  readonly refused: boolean;
  readonly attribution: SpanAttribution;
}

/** Any span of a trace that has calls. */
export interface SettleSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly attribution: SpanAttribution;
}

/** Why two spans are one call. */
export type DuplicateReason =
  | "same-response"
  | "same-usage"
  | "sum-of-descendants"
  | "ancestor-without-usage"
  | "descendant-without-usage"
  | "peer-without-usage";

/** What settlement says of a call. */
export interface Settlement {
  /** Key of the span that counts instead, or "" when this one counts. */
  readonly duplicateOf: string;
  readonly reason: DuplicateReason | "";
  /** The call's attribution: its own, and from the nearest ancestor or duplicate where it has none. */
  readonly attribution: SpanAttribution;
}
