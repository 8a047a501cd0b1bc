import type { BilledUsage } from "../canonical-usage.ts";
import {
  type NamedEvent,
  toEventAnswer,
  toJsonAnswer,
  toNamedFrame,
  type WireAnswer,
  type WireCall,
} from "./wire-call.ts";

/** How many images a streamed answer shows before the last one. */
const PARTIAL_IMAGES = 2;

/**
 * `POST /v1/images/generations` and `/v1/images/edits`; `dall-e-*` reports no usage.
 * @see https://platform.openai.com/docs/api-reference/images
 */
export function answerOpenAIImages(call: WireCall): WireAnswer {
  const usage = call.model.responded.startsWith("dall-e") ? {} : { usage: toImageUsage(call.usage) };
  const created = call.createdAtSeconds;
  if (!call.streamed) {
    const data = Array.from({ length: countImages(call) }, (_, index) => ({ b64_json: drawImage(call, index) }));
    return toJsonAnswer("", { created, background: "opaque", data, output_format: "png", size: "1024x1024", ...usage });
  }
  const kind = "image" in call.request ? "image_edit" : "image_generation";
  const shared = { background: "opaque", created_at: created, output_format: "png", quality: "low", size: "1024x1024" };
  const events: readonly NamedEvent[] = [
    ...Array.from({ length: PARTIAL_IMAGES }, (_, index) => ({
      type: `${kind}.partial_image`,
      ...shared,
      b64_json: drawImage(call, index),
      partial_image_index: index,
    })),
    { type: `${kind}.completed`, ...shared, b64_json: drawImage(call, PARTIAL_IMAGES), ...usage },
  ];
  return toEventAnswer("", events.map(toNamedFrame));
}

/** How many images a request asks for; a form's number is a text. */
export function countImages({ request }: Pick<WireCall, "request">): number {
  const count = Number(request["n"] ?? 1);
  return Number.isInteger(count) && count > 0 ? count : 1;
}

/** No picture, but as unlike JSON as one. */
function drawImage({ draw }: WireCall, index: number): string {
  return Buffer.from(draw.hex(`image ${index}`, 64), "hex").toString("base64");
}

function toImageUsage({ input, imageIn = 0, output }: BilledUsage): object {
  return {
    input_tokens: input,
    input_tokens_details: { text_tokens: input - imageIn, image_tokens: imageIn },
    output_tokens: output,
    output_tokens_details: { text_tokens: 0, image_tokens: output },
    total_tokens: input + output,
  };
}
