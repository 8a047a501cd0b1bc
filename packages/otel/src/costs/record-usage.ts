import { type Attributes, SpanKind, SpanStatusCode, context } from "@opentelemetry/api";
import { GEN_AI, SPANCOST } from "@spancost/core";
import { withAttribution } from "../attribution.ts";
import type { AttributionInput } from "../merge-attribution.ts";
import { reportFailure } from "../report-failure.ts";
import { toCostTime } from "./cost-time.ts";
import { getCostTracer } from "./tracer.ts";

/** Counts of one call, in the canonical meaning: `input` holds cache reads and writes, `output` holds reasoning. */
export interface RecordedUsage {
  readonly input?: number | undefined;
  readonly cacheRead?: number | undefined;
  /** All writes; those for one hour are named again in `cacheWrite1h`. */
  readonly cacheWrite?: number | undefined;
  readonly cacheWrite1h?: number | undefined;
  readonly output?: number | undefined;
  readonly reasoning?: number | undefined;
  readonly audioIn?: number | undefined;
  readonly audioOut?: number | undefined;
  readonly imageIn?: number | undefined;
  readonly imageOut?: number | undefined;
  readonly images?: number | undefined;
  readonly audioSeconds?: number | undefined;
  readonly videoSeconds?: number | undefined;
  readonly characters?: number | undefined;
  readonly webSearchRequests?: number | undefined;
}

/** A call of a model that no instrumentation sees: behind a realtime socket, or in this process. */
export interface UsageRecord {
  /** `gen_ai.provider.name`, such as `openai`. */
  readonly provider: string;
  readonly model: string;
  readonly usage: RecordedUsage;
  /** @default "chat" */
  readonly operation?: string | undefined;
  readonly serviceTier?: string | undefined;
  readonly responseId?: string | undefined;
  readonly sessionId?: string | undefined;
  /** Dates, or milliseconds since 1970. @default now */
  readonly startedAt?: Date | number | undefined;
  readonly endedAt?: Date | number | undefined;
  /** What went wrong, such as a status or an exception's name. */
  readonly errorType?: string | undefined;
  /** Names this call for good: recorded again under the same key, it counts once. */
  readonly key?: string | number | undefined;
  /** Whose it is, over what the surrounding scope says. */
  readonly attribution?: AttributionInput | undefined;
}

/** Records a call as a span by the GenAI conventions: it is attributed, priced and reported like one that was seen. Never throws. */
export function recordUsage(record: UsageRecord): void {
  try {
    withAttribution(record.attribution ?? {}, () => writeSpan(record));
  } catch (error) {
    reportFailure("invalid_cost", "a call's usage was not recorded", error);
  }
}

function writeSpan(record: UsageRecord): void {
  const operation = record.operation ?? "chat";
  const endTime = toCostTime(record.endedAt ?? Date.now());
  const startTime = endTime && toCostTime(record.startedAt ?? endTime);
  if (startTime === null || endTime === null) return refuseTime();
  const options = { kind: SpanKind.CLIENT, attributes: toAttributes(record, operation), startTime };
  const span = getCostTracer().startSpan(`${operation} ${record.model}`, options, context.active());
  if (record.errorType !== undefined) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end(endTime);
}

function refuseTime(): void {
  reportFailure(
    "invalid_cost",
    "a call's usage was not recorded: startedAt and endedAt are dates or milliseconds since 1970",
  );
}

function toAttributes(record: UsageRecord, operation: string): Attributes {
  const { usage } = record;
  return dropUnknown({
    [GEN_AI.operationName]: operation,
    [GEN_AI.providerName]: record.provider,
    [GEN_AI.requestModel]: record.model,
    [GEN_AI.responseId]: record.responseId,
    [GEN_AI.conversationId]: record.sessionId,
    [SPANCOST.serviceTier]: record.serviceTier,
    [SPANCOST.key]: record.key === undefined ? undefined : String(record.key),
    "error.type": record.errorType,
    [GEN_AI.inputTokens]: usage.input,
    [GEN_AI.outputTokens]: usage.output,
    [GEN_AI.cacheReadInputTokens]: usage.cacheRead,
    [GEN_AI.cacheWriteInputTokens]: usage.cacheWrite,
    [SPANCOST.cacheWrite1hInputTokens]: usage.cacheWrite1h,
    [GEN_AI.reasoningOutputTokens]: usage.reasoning,
    [SPANCOST.audioInputTokens]: usage.audioIn,
    [SPANCOST.audioOutputTokens]: usage.audioOut,
    [SPANCOST.imageInputTokens]: usage.imageIn,
    [SPANCOST.imageOutputTokens]: usage.imageOut,
    [SPANCOST.images]: usage.images,
    [SPANCOST.audioSeconds]: usage.audioSeconds,
    [SPANCOST.videoSeconds]: usage.videoSeconds,
    [SPANCOST.characters]: usage.characters,
    [SPANCOST.webSearchRequests]: usage.webSearchRequests,
  });
}

function dropUnknown(attributes: Readonly<Record<string, string | number | undefined>>): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}
