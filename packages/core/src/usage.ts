/**
 * What one billable call consumed, in the one meaning all of Spancost uses: totals include their parts.
 * `null` is "unknown", never zero. Counts are non-negative safe integers.
 */
export interface Usage {
  /** All input tokens, including cache reads, cache writes, audio and images. */
  readonly input: number | null;
  /** Input tokens read from the provider's prompt cache; part of `input`. */
  readonly cacheRead: number | null;
  /** Input tokens written to the prompt cache for five minutes, or for the provider's shorter or only duration; part of `input`. */
  readonly cacheWrite5m: number | null;
  /** Input tokens written to the prompt cache for the longer of two durations: one hour, OpenAI's twelve; part of `input`. */
  readonly cacheWrite1h: number | null;
  /** All output tokens, including reasoning, audio and images. */
  readonly output: number | null;
  /** Output tokens spent on reasoning; part of `output`. */
  readonly reasoning: number | null;
  /** Audio tokens in; part of `input`. */
  readonly audioIn: number | null;
  /** Audio tokens out; part of `output`. */
  readonly audioOut: number | null;
  /** Image tokens in; part of `input`. */
  readonly imageIn: number | null;
  /** Image tokens out; part of `output`. */
  readonly imageOut: number | null;
  /** Generated images, for models billed by the image. */
  readonly images: number | null;
  /** Seconds of generated video, a decimal such as "8" or "2.5". */
  readonly videoSeconds: string | null;
  /** Seconds of audio, a decimal such as "12.48". */
  readonly audioSeconds: string | null;
  /** Characters, for speech models billed by the character. */
  readonly characters: number | null;
  /** Web searches that the provider made for the call, billed by the request. */
  readonly webSearchRequests: number | null;
}

/** A usage of which nothing is known. */
export const UNKNOWN_USAGE: Usage = {
  input: null,
  cacheRead: null,
  cacheWrite5m: null,
  cacheWrite1h: null,
  output: null,
  reasoning: null,
  audioIn: null,
  audioOut: null,
  imageIn: null,
  imageOut: null,
  images: null,
  videoSeconds: null,
  audioSeconds: null,
  characters: null,
  webSearchRequests: null,
};
