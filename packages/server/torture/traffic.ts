import type { JsonAttribute, JsonSpan } from "../../collector/bench/batch/encode-otlp.ts";

/** A span, its producer, and what became of it. */
export interface SentSpan {
  readonly service: string;
  readonly scope: { readonly name: string; readonly version: string };
  readonly span: JsonSpan;
  /** Answered with a 200 at least once. */
  acknowledged: boolean;
}

/** A call as it must be in the ledger once everything has come and is settled. */
export interface ExpectedCall {
  /** `<trace id>:<span id>`; `null` where the server makes up the ids. */
  readonly key: string | null;
  readonly tenantId: string;
  readonly userId: string;
  readonly feature: string;
  readonly provider: string;
  readonly model: string;
  /** Start of its hour, in seconds since 1970. */
  readonly hourUnix: number;
  readonly input: number | null;
  readonly cacheRead: number | null;
  readonly output: number | null;
  readonly reasoning: number | null;
  /** `null` where nothing is known to be owed. */
  readonly costPicoUsd: bigint | null;
  readonly costStatus: string;
}

/** Spans that belong together, and the calls that they are. */
export interface Happening {
  readonly spans: readonly SentSpan[];
  readonly calls: readonly ExpectedCall[];
}

/** A span as it is drafted. */
export interface SpanDraft {
  readonly service?: string;
  readonly scope: string;
  readonly version?: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name?: string;
  readonly startUnixMs: number;
  readonly durationMs: number;
  readonly isError?: boolean;
  readonly attributes: Readonly<Record<string, string | number | undefined>>;
}

const NANOS_PER_MS = 1_000_000n;
const ERROR = 2;
const CLIENT = 3;

export function toSentSpan(draft: SpanDraft): SentSpan {
  const start = BigInt(draft.startUnixMs) * NANOS_PER_MS;
  return {
    service: draft.service ?? "shop",
    scope: { name: draft.scope, version: draft.version ?? "1.0.0" },
    span: {
      traceId: draft.traceId,
      spanId: draft.spanId,
      ...(draft.parentSpanId === undefined ? {} : { parentSpanId: draft.parentSpanId }),
      name: draft.name ?? "chat",
      kind: CLIENT,
      startTimeUnixNano: String(start),
      endTimeUnixNano: String(start + BigInt(draft.durationMs) * NANOS_PER_MS),
      attributes: Object.entries(draft.attributes).flatMap(([key, value]) => toAttribute(key, value)),
      status: draft.isError === true ? { code: ERROR } : {},
    },
    acknowledged: false,
  };
}

function toAttribute(key: string, value: string | number | undefined): JsonAttribute[] {
  if (value === undefined) return [];
  return [{ key, value: typeof value === "number" ? { intValue: String(value) } : { stringValue: value } }];
}
