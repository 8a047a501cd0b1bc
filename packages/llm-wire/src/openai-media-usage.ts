import { type Usage, UNKNOWN_USAGE } from "@spancost/core";
import { toCount, toRecord } from "./json-fields.ts";

/**
 * Usage in tokens of OpenAI's calls of sound and images: `input_token_details` for sound, `input_tokens_details` for images.
 * @param allOutput what the output is where the provider does not split it
 * @see field names as in openai 7.55.0
 */
export function readTokenUsage(value: unknown, allOutput?: "audioOut" | "imageOut"): Usage {
  const usage = toRecord(value);
  const input = toRecord(usage.input_tokens_details ?? usage.input_token_details);
  const details = usage.output_tokens_details ?? usage.output_token_details;
  const output = toRecord(details);
  const outputTokens = toCount(usage.output_tokens);
  const isSplit = details !== undefined && details !== null;
  return {
    ...UNKNOWN_USAGE,
    input: toCount(usage.input_tokens),
    cacheRead: toCount(input.cached_tokens),
    output: outputTokens,
    audioIn: toCount(input.audio_tokens),
    imageIn: toCount(input.image_tokens),
    audioOut: isSplit || allOutput !== "audioOut" ? toCount(output.audio_tokens) : outputTokens,
    imageOut: isSplit || allOutput !== "imageOut" ? toCount(output.image_tokens) : outputTokens,
  };
}

/** Decimals that a number of seconds keeps. */
const SECONDS_DECIMALS = 9;
const MAX_SECONDS = 1e9;

/** Seconds as the decimal that a usage has, from a number or, as in verbose transcriptions, a text; `null` when it is none. */
export function toSeconds(value: unknown): string | null {
  const seconds = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof seconds !== "number" || !(seconds >= 0 && seconds <= MAX_SECONDS)) return null;
  return seconds.toFixed(SECONDS_DECIMALS).replace(/\.?0+$/, "");
}
