import type { BilledUsage } from "./canonical-usage.ts";
import type { JsonObject } from "./json-reading.ts";
import type { SimulatedModel } from "./model-catalog.ts";
import type { Draw } from "./token-draw.ts";
import { readFileSize } from "./wire/openai-audio.ts";
import { countImages } from "./wire/openai-images.ts";

const NO_USAGE: BilledUsage = { input: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 0, reasoning: 0 };

/** What speech is billed for: text in and sound out, or by the character. */
export function planSpeechUsage(request: JsonObject, model: SimulatedModel, draw: Draw): BilledUsage {
  const text = typeof request["input"] === "string" ? request["input"] : "";
  if (model.responded.startsWith("tts-1")) return { ...NO_USAGE, characters: text.length };
  const audioOut = draw.integer("speech", 20, 900);
  return { ...NO_USAGE, input: draw.integer("input", 4, 90), output: audioOut, audioOut };
}

/** What a transcription is billed for: sound and a hint in, text out, or by the second. */
export function planTranscriptionUsage(request: JsonObject, model: SimulatedModel, draw: Draw): BilledUsage {
  const length = readFileSize({ request }) % 100;
  if (model.responded.startsWith("whisper")) return { ...NO_USAGE, audioSeconds: 1 + length };
  const audioIn = 10 + length + draw.integer("sound", 0, 600);
  return { ...NO_USAGE, input: audioIn + draw.integer("hint", 0, 40), audioIn, output: draw.integer("output", 5, 300) };
}

/** Tokens of one small image. */
const TOKENS_AN_IMAGE = 272;

/** What images are billed for: text, and images to edit, in; images out. */
export function planImageUsage(request: JsonObject, model: SimulatedModel, draw: Draw): BilledUsage {
  const images = countImages({ request });
  if (model.responded.startsWith("dall-e")) return { ...NO_USAGE, images };
  const imageIn = "image" in request || "image[]" in request ? draw.integer("image in", 100, 900) : 0;
  const imageOut = images * TOKENS_AN_IMAGE;
  return { ...NO_USAGE, input: imageIn + draw.integer("input", 5, 90), imageIn, output: imageOut, imageOut };
}
