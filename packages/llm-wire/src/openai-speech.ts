import { type Usage, UNKNOWN_USAGE } from "@spancost/core";
import { toRecord } from "./json-fields.ts";
import { readErrorType } from "./error-type.ts";
import { readRequestModel } from "./openai-request.ts";
import { readTokenUsage } from "./openai-media-usage.ts";
import { createUsageEventReader } from "./usage-event-reader.ts";
import { readTopLevelFields } from "./top-level-fields.ts";
import { type WireFormat, type WireOutcome, type WireRequest, UNKNOWN_OUTCOME } from "./wire-format.ts";

/** Models billed by tokens, which only an event stream reports; the older ones are billed by the character of their input. */
const BILLED_BY_TOKENS = /^gpt-/;
const DONE_EVENT = "speech.audio.done";

/**
 * OpenAI speech: a text in; sound out as it is, or in events (`stream_format: "sse"`), whose last one has the usage in tokens.
 * @see https://platform.openai.com/docs/api-reference/audio/createSpeech read 2026-11-20
 */
export const OPENAI_SPEECH: WireFormat = createSpeechFormat(UNKNOWN_USAGE);

/** `spoken`: what the request alone tells about the usage of a call that succeeds. */
function createSpeechFormat(spoken: Usage): WireFormat {
  return {
    name: "openai-speech",
    matchRequest: (method, pathname) => method === "POST" && pathname.endsWith("/audio/speech"),
    readRequest: readSpeechRequest,
    responseFields: ["error"],
    readResponse: (body) => readSpeech(body, spoken),
    createStreamReader: () =>
      createUsageEventReader([DONE_EVENT], (usage) => (usage === null ? spoken : readTokenUsage(usage, "audioOut"))),
    readBinary: () => ({ ...UNKNOWN_OUTCOME, usage: spoken }),
  };
}

function readSpeechRequest(pathname: string, body: string | null): WireRequest {
  const { model, input, stream_format } = readTopLevelFields(body ?? "", ["model", "input", "stream_format"]);
  const requestModel = readRequestModel(pathname, model);
  const isByCharacter = typeof input === "string" && requestModel !== null && !BILLED_BY_TOKENS.test(requestModel);
  return {
    operation: "speech",
    requestModel,
    streamed: stream_format === "sse",
    // Characters as people count them: a surrogate pair is one.
    ...(isByCharacter
      ? { responseFormat: createSpeechFormat({ ...UNKNOWN_USAGE, characters: countCharacters(input) }) }
      : {}),
  };
}

function countCharacters(text: string): number {
  let count = text.length;
  for (let at = 0; at < text.length; at += 1) if ((text.codePointAt(at) ?? 0) > 0xffff) count -= 1;
  return count;
}

function readSpeech(body: unknown, spoken: Usage): WireOutcome {
  const { error } = toRecord(body);
  if (error !== undefined && error !== null) return { ...UNKNOWN_OUTCOME, errorType: readErrorType(error) };
  return { ...UNKNOWN_OUTCOME, usage: spoken };
}
