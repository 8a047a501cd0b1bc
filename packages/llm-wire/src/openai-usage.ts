import { type Usage, UNKNOWN_USAGE } from "@spancost/core";
import { addParts, toCount, toRecord } from "./json-fields.ts";

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
    cacheRead: toCount(input.cached_tokens),
    cacheWrite5m: toCount(input.cache_write_tokens),
    output: excludesReasoning ? addParts(completion, reasoning) : completion,
    reasoning,
    audioIn: toCount(input.audio_tokens),
    audioOut: toCount(output.audio_tokens),
    imageIn: toCount(input.image_tokens),
    imageOut: toCount(output.image_tokens),
  };
}
