import { type Usage, UNKNOWN_USAGE } from "@spancost/core";
import { addParts, toCount, toRecord } from "./json-fields.ts";

/** How a provider that speaks OpenAI's format differs from OpenAI in what it reports. */
export interface OpenAIQuirks {
  /**
   * The provider leaves reasoning tokens out of `completion_tokens` (xAI does).
   * @default false
   */
  readonly excludesReasoning?: boolean;
  /** Reads the provider's `usage`, where it is another than OpenAI's. */
  readonly readUsage?: (usage: unknown) => Usage;
  /** Reads the provider's own figure of the call's cost in USD from its `usage`; absent where it gives none. */
  readonly readCostUsd?: (usage: unknown) => number | null;
}

/**
 * Usage of OpenAI's chat completions and embeddings, and of everything compatible: prompt tokens include cached ones.
 * @param excludesReasoning the provider leaves reasoning out of `completion_tokens` (xAI does)
 * @see https://platform.openai.com/docs/api-reference/chat/object `usage`; field names as in openai 7.55.0
 */
export function readOpenAIUsage(value: unknown, excludesReasoning = false): Usage {
  const usage = toRecord(value);
  const input = toRecord(usage.prompt_tokens_details);
  const output = toRecord(usage.completion_tokens_details);
  const reasoning = toCount(output.reasoning_tokens);
  const completion = toCount(usage.completion_tokens);
  return {
    ...UNKNOWN_USAGE,
    input: toCount(usage.prompt_tokens),
    // DeepSeek's name for it (https://api-docs.deepseek.com/guides/kv_cache), then Together's and Moonshot's.
    cacheRead: toCount(input.cached_tokens) ?? toCount(usage.prompt_cache_hit_tokens) ?? toCount(usage.cached_tokens),
    ...readCacheWrites(input),
    output: excludesReasoning ? addParts(completion, reasoning) : completion,
    reasoning,
    audioIn: toCount(input.audio_tokens),
    audioOut: toCount(output.audio_tokens),
    imageIn: toCount(input.image_tokens),
    imageOut: toCount(output.image_tokens),
  };
}

/**
 * Cache writes by how long they are kept: thirty minutes, and twelve hours, where OpenAI says.
 * @see `cache_write_tokens_details` in openai 7.55.0
 */
export function readCacheWrites(inputDetails: unknown): Pick<Usage, "cacheWrite5m" | "cacheWrite1h"> {
  const details = toRecord(inputDetails);
  const split = toRecord(details.cache_write_tokens_details);
  const long = toCount(split.ttl_12h_tokens);
  const written = toCount(details.cache_write_tokens) ?? addParts(toCount(split.ttl_30m_tokens), long);
  return { cacheWrite5m: written === null ? null : Math.max(0, written - (long ?? 0)), cacheWrite1h: long };
}
