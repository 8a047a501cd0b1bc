import { readErrorType } from "./error-type.ts";
import { parseJson, toList, toRecord, toText } from "./json-fields.ts";
import { readOpenAIUsage } from "./openai-usage.ts";
import type { SseEvent } from "./sse-splitter.ts";
import { readTopLevelFields } from "./top-level-fields.ts";
import { type StreamReader, type WireFormat, type WireOutcome, UNKNOWN_OUTCOME } from "./wire-format.ts";

export interface OpenAIChatOptions {
  /**
   * The provider leaves reasoning tokens out of `completion_tokens` (xAI does).
   * @default false
   */
  readonly excludesReasoning?: boolean;
}

const FIELDS = ["id", "model", "service_tier", "choices", "usage", "x_groq", "error"] as const;
const END_OF_STREAM = "[DONE]";
/** Chunks that say more than another piece of text. Text that looks like it costs one needless parse. */
const TELLING_CHUNK = /"(?:usage|x_groq|error)"\s*:\s*[{"]|"finish_reason"\s*:\s*"/;

/** OpenAI chat completions and their many compatible ones; Groq's older streams carry usage in `x_groq`. */
export function createOpenAIChatFormat(options: OpenAIChatOptions = {}): WireFormat {
  const readChunk = (chunk: unknown) => readChatBody(chunk, options.excludesReasoning ?? false);
  return {
    name: "openai-chat",
    matchRequest: (method, pathname) => method === "POST" && pathname.endsWith("/chat/completions"),
    readRequest: (_pathname, body) => {
      const { model, stream } = readTopLevelFields(body ?? "", ["model", "stream"]);
      return { operation: "chat", requestModel: toText(model), streamed: stream === true };
    },
    responseFields: FIELDS,
    readResponse: readChunk,
    createStreamReader: () => new OpenAIChatStreamReader(readChunk),
  };
}

/** OpenAI chat completions as OpenAI, Groq and most compatible providers report them. */
export const OPENAI_CHAT: WireFormat = createOpenAIChatFormat();

class OpenAIChatStreamReader implements StreamReader {
  readonly #readChunk: (chunk: unknown) => WireOutcome;
  #outcome: WireOutcome = UNKNOWN_OUTCOME;
  #finished = false;

  constructor(readChunk: (chunk: unknown) => WireOutcome) {
    this.#readChunk = readChunk;
  }

  get finished(): boolean {
    return this.#finished;
  }

  readEvent({ data }: SseEvent): void {
    if (data.startsWith(END_OF_STREAM)) {
      this.#finished = true;
      return;
    }
    // The first chunks carry the identity: Azure's very first one has an empty model.
    if (this.#outcome.responseModel !== null && !TELLING_CHUNK.test(data)) return;
    const chunk = parseJson(data);
    if (chunk !== undefined) this.#outcome = mergeOutcomes(this.#outcome, this.#readChunk(chunk));
  }

  outcome(): WireOutcome {
    return this.#outcome;
  }
}

function readChatBody(value: unknown, excludesReasoning: boolean): WireOutcome {
  const body = toRecord(value);
  const errorType = body.error === undefined || body.error === null ? null : readErrorType(body.error);
  const finishReasons = toList(body.choices).map((choice) => toText(toRecord(choice).finish_reason));
  return {
    ...UNKNOWN_OUTCOME,
    responseModel: toText(body.model),
    responseId: toText(body.id),
    serviceTier: toText(body.service_tier),
    usage: readOpenAIUsage(body.usage ?? toRecord(body.x_groq).usage, excludesReasoning),
    finishReasons: finishReasons.filter((reason) => reason !== null),
    ...(errorType === null ? {} : { errorType }),
  };
}

function mergeOutcomes(before: WireOutcome, next: WireOutcome): WireOutcome {
  const errorType = next.errorType ?? before.errorType;
  return {
    responseModel: next.responseModel ?? before.responseModel,
    responseId: next.responseId ?? before.responseId,
    serviceTier: next.serviceTier ?? before.serviceTier,
    inferenceRegion: null,
    usage: next.usage.input === null && next.usage.output === null ? before.usage : next.usage,
    finishReasons: [...before.finishReasons, ...next.finishReasons],
    ...(errorType === undefined ? {} : { errorType }),
  };
}
