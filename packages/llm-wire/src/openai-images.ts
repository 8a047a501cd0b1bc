import { type Usage, UNKNOWN_USAGE } from "@spancost/core";
import { readErrorType } from "./error-type.ts";
import { toRecord } from "./json-fields.ts";
import { readTokenUsage } from "./openai-media-usage.ts";
import { readRequestModel } from "./openai-request.ts";
import { readTopLevelFields } from "./top-level-fields.ts";
import { createUsageEventReader } from "./usage-event-reader.ts";
import { type WireFormat, type WireOutcome, UNKNOWN_OUTCOME } from "./wire-format.ts";

const PATH = /\/images\/(?:generations|edits|variations)$/;
const LAST_EVENTS = ["image_generation.completed", "image_edit.completed"];
/** The quality that price lists know as a tier of its own (DALL-E 3). */
const HIGH_QUALITY = "hd";

/**
 * OpenAI images: made, edited, varied; billed by tokens where usage comes, else by the image.
 * @see https://platform.openai.com/docs/api-reference/images read 2026-11-20
 */
export const OPENAI_IMAGES: WireFormat = createImagesFormat(null);

/** `serviceTier`: what the request's quality makes of the price. */
function createImagesFormat(serviceTier: string | null): WireFormat {
  return {
    name: "openai-images",
    matchRequest: (method, pathname) => method === "POST" && PATH.test(pathname),
    readRequest: (pathname, body, readField = () => null) => {
      const { model, stream, quality } = readTopLevelFields(body ?? "", ["model", "stream", "quality"]);
      return {
        operation: "image_generation",
        requestModel: readRequestModel(pathname, model ?? readField("model")),
        streamed: stream === true || readField("stream") === "true",
        ...(quality === HIGH_QUALITY ? { responseFormat: createImagesFormat(HIGH_QUALITY) } : {}),
      };
    },
    responseFields: ["usage", "data", "error"],
    readResponse: (body) => ({ ...readImages(body), serviceTier }),
    createStreamReader: () => createUsageEventReader(LAST_EVENTS, (usage, count) => readUsage(usage, count)),
  };
}

function readImages(value: unknown): WireOutcome {
  const body = toRecord(value);
  const failed = body.error !== undefined && body.error !== null;
  return {
    ...UNKNOWN_OUTCOME,
    usage: readUsage(body.usage, Array.isArray(body.data) ? body.data.length : 0),
    ...(failed ? { errorType: readErrorType(body.error) } : {}),
  };
}

function readUsage(usage: unknown, images: number): Usage {
  // Without any image nothing was made that is billed by the image.
  return {
    ...(usage === null || usage === undefined ? UNKNOWN_USAGE : readTokenUsage(usage, "imageOut")),
    images: images === 0 ? null : images,
  };
}
