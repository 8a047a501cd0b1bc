import { type Usage, UNKNOWN_USAGE } from "@spancost/core";
import { readErrorType } from "./error-type.ts";
import { type JsonRecord, toRecord, toText } from "./json-fields.ts";
import { readTokenUsage, toSeconds } from "./openai-media-usage.ts";
import { readRequestModel } from "./openai-request.ts";
import { readTopLevelFields } from "./top-level-fields.ts";
import { createUsageEventReader } from "./usage-event-reader.ts";
import { type WireFormat, type WireOutcome, UNKNOWN_OUTCOME } from "./wire-format.ts";

/** Translations are transcriptions into English. */
const OPERATIONS = { "/audio/transcriptions": "transcription", "/audio/translations": "translation" } as const;
const DONE_EVENT = "transcript.text.done";

/**
 * OpenAI transcriptions and translations, and compatible ones: sound in, text out, billed by the second or by tokens.
 * @see https://platform.openai.com/docs/api-reference/audio/createTranscription read 2026-11-20
 */
export const OPENAI_TRANSCRIPTION: WireFormat = {
  name: "openai-transcription",
  matchRequest: (method, pathname) => method === "POST" && findOperation(pathname) !== undefined,
  readRequest: (pathname, body, readField = () => null) => {
    const fields = readTopLevelFields(body ?? "", ["model", "stream"]);
    return {
      operation: findOperation(pathname) ?? "transcription",
      requestModel: readRequestModel(pathname, fields.model ?? readField("model")),
      streamed: fields.stream === true || readField("stream") === "true",
    };
  },
  responseFields: ["model", "usage", "duration", "x_groq", "error"],
  readResponse: readTranscription,
  createStreamReader: () => createUsageEventReader([DONE_EVENT], (usage) => readUsage({ usage })),
};

function findOperation(pathname: string): "transcription" | "translation" | undefined {
  return Object.entries(OPERATIONS).find(([path]) => pathname.endsWith(path))?.[1];
}

function readTranscription(value: unknown): WireOutcome {
  const body = toRecord(value);
  const failed = body.error !== undefined && body.error !== null;
  return {
    ...UNKNOWN_OUTCOME,
    responseModel: toText(body.model),
    responseId: toText(toRecord(body.x_groq).id),
    usage: readUsage(body),
    ...(failed ? { errorType: readErrorType(body.error) } : {}),
  };
}

/** Tokens, or the seconds that are billed; a verbose transcription of before there was usage has the sound's duration. */
function readUsage({ usage: value, duration }: JsonRecord): Usage {
  const usage = toRecord(value);
  // Mistral's name beside its tokens.
  const seconds = toSeconds(usage.seconds) ?? toSeconds(usage.prompt_audio_seconds);
  if (seconds !== null) return { ...UNKNOWN_USAGE, audioSeconds: seconds };
  return usage.input_tokens === undefined
    ? { ...UNKNOWN_USAGE, audioSeconds: toSeconds(duration) }
    : readTokenUsage(usage);
}
