import { type Usage, UNKNOWN_USAGE } from "@spancost/core";
import { ANTHROPIC_MESSAGES } from "./anthropic-messages.ts";
import { readConverseUsage } from "./bedrock-usage.ts";
import { type JsonRecord, addParts, toCount, toList, toRecord, toText } from "./json-fields.ts";
import { OPENAI_CHAT } from "./openai-chat.ts";
import { type WireOutcome, UNKNOWN_OUTCOME } from "./wire-format.ts";

/** Top-level fields that tell something, of any maker's format. */
export const INVOKE_FIELDS: readonly string[] = [
  "choices",
  "completionReason",
  "finish_reason",
  "generation_token_count",
  "generations",
  "images",
  "inputTextTokenCount",
  "outputs",
  "prompt_token_count",
  "results",
  "stopReason",
  "stop_reason",
  "usage",
];

/**
 * Reads an answer of InvokeModel, which is in the format of the model's maker. The shape tells the format: names of profiles and
 * provisioned models do not. The model's own name for itself lacks the region that its price depends on, so it is left out.
 * @see https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html read 2026-11-20
 */
export function readInvokeBody(value: unknown): WireOutcome {
  const body = toRecord(value);
  return { ...UNKNOWN_OUTCOME, usage: readUsage(body), finishReasons: readFinishReasons(body) };
}

function readUsage(body: JsonRecord): Usage {
  const usage = toRecord(body.usage);
  // Nova, Anthropic, then OpenAI, Mistral, AI21, Qwen, DeepSeek and others in OpenAI's format.
  if (usage.inputTokens !== undefined) return readConverseUsage(usage);
  if (usage.input_tokens !== undefined) return ANTHROPIC_MESSAGES.readResponse({ usage }).usage;
  if (usage.prompt_tokens !== undefined) return OPENAI_CHAT.readResponse({ usage }).usage;
  if (body.prompt_token_count !== undefined || body.generation_token_count !== undefined) return readLlama(body);
  if (body.inputTextTokenCount !== undefined) return readTitan(body);
  return Array.isArray(body.images) ? { ...UNKNOWN_USAGE, images: body.images.length } : UNKNOWN_USAGE;
}

function readLlama(body: JsonRecord): Usage {
  return {
    ...UNKNOWN_USAGE,
    input: toCount(body.prompt_token_count),
    output: toCount(body.generation_token_count),
  };
}

/** Titan's text has a count of tokens a result, and in streams one of all so far; its embeddings have no output. */
function readTitan(body: JsonRecord): Usage {
  const { inputTextTokenCount, totalOutputTextTokenCount } = body;
  if (totalOutputTextTokenCount !== undefined)
    return { ...UNKNOWN_USAGE, input: toCount(inputTextTokenCount), output: toCount(totalOutputTextTokenCount) };
  const counts = toList(body.results).map((result) => toCount(toRecord(result).tokenCount));
  const output = counts.includes(null) ? null : addParts(0, ...counts);
  return { ...UNKNOWN_USAGE, input: toCount(inputTextTokenCount), output };
}

function readFinishReasons(body: JsonRecord): readonly string[] {
  const parts = [body, ...[body.choices, body.generations, body.outputs, body.results].flatMap(toList).map(toRecord)];
  return parts
    .map((part) => toText(part.stop_reason ?? part.stopReason ?? part.finish_reason ?? part.completionReason))
    .filter((reason) => reason !== null);
}
