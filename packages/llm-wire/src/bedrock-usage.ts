import { type Usage, UNKNOWN_USAGE } from "@spancost/core";
import { type JsonRecord, addParts, toCount, toList, toRecord } from "./json-fields.ts";

/** Token counts as all of Bedrock's own figures have them: the input is what was neither read from the cache nor written to it. */
export interface BedrockTokens {
  readonly input: number | null;
  readonly cacheRead: number | null;
  readonly cacheWrite: number | null;
  readonly output: number | null;
  /** The part of the cache writes that lives for an hour. */
  readonly cacheWrite1h?: number | null;
}

/** Bedrock's own counts as canonical usage. */
export function readBedrockTokens(tokens: BedrockTokens): Usage {
  const { input, cacheRead, cacheWrite, cacheWrite1h = null, output } = tokens;
  return {
    ...UNKNOWN_USAGE,
    input: addParts(input, cacheRead, cacheWrite),
    cacheRead,
    cacheWrite5m: cacheWrite === null ? null : Math.max(0, cacheWrite - (cacheWrite1h ?? 0)),
    cacheWrite1h,
    output,
  };
}

/**
 * Usage of Converse, and of Nova's own format, whose cache counts have another name.
 * @see https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html ; names as in the AWS SDK 3.1162.0
 */
export function readConverseUsage(value: unknown): Usage {
  const usage = toRecord(value);
  const written = toList(usage.cacheDetails)
    .map(toRecord)
    .filter(({ ttl }) => ttl === "1h");
  return readBedrockTokens({
    input: toCount(usage.inputTokens),
    cacheRead: toCount(usage.cacheReadInputTokens ?? usage.cacheReadInputTokenCount),
    cacheWrite: toCount(usage.cacheWriteInputTokens ?? usage.cacheWriteInputTokenCount),
    cacheWrite1h: written.length === 0 ? null : addParts(0, ...written.map((part) => toCount(part.inputTokens))),
    output: toCount(usage.outputTokens),
  });
}

/** The count that Bedrock puts into the last chunk of every stream of InvokeModel. */
export function readInvocationMetrics(metrics: JsonRecord): Usage {
  return readBedrockTokens({
    input: toCount(metrics.inputTokenCount),
    cacheRead: toCount(metrics.cacheReadInputTokenCount),
    cacheWrite: toCount(metrics.cacheWriteInputTokenCount),
    output: toCount(metrics.outputTokenCount),
  });
}
