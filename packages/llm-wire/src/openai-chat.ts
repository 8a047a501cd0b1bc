import { readErrorType } from "./error-type.ts";
import { parseJson, toList, toRecord, toText } from "./json-fields.ts";
import { readRequestModel } from "./openai-request.ts";
import { addUsageWish } from "./openai-stream-options.ts";
import { type OpenAIQuirks, readOpenAIUsage } from "./openai-usage.ts";
import type { SseEvent } from "./sse-splitter.ts";
import { readTopLevelFields } from "./top-level-fields.ts";
import { withoutOutput } from "./unfinished-usage.ts";
import { UsageFilter } from "./usage-filter.ts";
import {
  type StreamReader,
  type UnaskedUsage,
  type WireFormat,
  type WireOutcome,
  type WireRequest,
  UNKNOWN_OUTCOME,
} from "./wire-format.ts";

const FIELDS = ["id", "model", "service_tier", "choices", "usage", "x_groq", "error"] as const;
const END_OF_STREAM = "[DONE]";
/** Most choices that one request can ask for, each of which has a reason to finish. */
const MAX_FINISH_REASONS = 128;
/** Chunks that say more than another piece of text. Text that looks like it costs one needless parse. */
const TELLING_CHUNK = /"(?:usage|x_groq|error)"\s*:\s*[{"]|"finish_reason"\s*:\s*"/g;
/** What comes after this differs from chunk to chunk; before it, most of them are alike. */
const FIRST_DIFFERENCE = '"delta"';

const UNASKED_USAGE: UnaskedUsage = { addTo: addUsageWish, createFilter: () => new UsageFilter() };

/** OpenAI chat completions and their many compatible ones; Groq's older streams carry usage in `x_groq`. */
export function createOpenAIChatFormat(quirks: OpenAIQuirks = {}): WireFormat {
  return createFormat("openai-chat", "chat", (pathname) => pathname.endsWith("/chat/completions"), quirks);
}

/** OpenAI's older completions of a prompt, which differ from chat in what the choices hold, and so not here. */
export function createOpenAICompletionsFormat(quirks: OpenAIQuirks = {}): WireFormat {
  const matches = (pathname: string) => pathname.endsWith("/completions") && !pathname.endsWith("/chat/completions");
  return createFormat("openai-completions", "text_completion", matches, quirks);
}

/** OpenAI chat completions as OpenAI, Groq and most compatible providers report them. */
export const OPENAI_CHAT: WireFormat = createOpenAIChatFormat();

/** OpenAI's older completions. */
export const OPENAI_COMPLETIONS: WireFormat = createOpenAICompletionsFormat();

function createFormat(
  name: string,
  operation: WireRequest["operation"],
  matches: (pathname: string) => boolean,
  quirks: OpenAIQuirks,
): WireFormat {
  const readChunk = (chunk: unknown) => readChatBody(chunk, quirks);
  return {
    name,
    matchRequest: (method, pathname) => method === "POST" && matches(pathname),
    readRequest: (pathname, body) => {
      const { model, stream } = readTopLevelFields(body ?? "", ["model", "stream"]);
      return { operation, requestModel: readRequestModel(pathname, model), streamed: stream === true };
    },
    responseFields: FIELDS,
    readResponse: readChunk,
    createStreamReader: () => new OpenAIChatStreamReader(readChunk),
    unaskedUsage: UNASKED_USAGE,
  };
}

class OpenAIChatStreamReader implements StreamReader {
  readonly #readChunk: (chunk: unknown) => WireOutcome;
  #outcome: WireOutcome = UNKNOWN_OUTCOME;
  #finished = false;
  /** Whether the usage is that of the whole call: some providers send what was counted so far with every chunk. */
  #isUsageFinal = false;
  /** How chunks begin that told nothing. */
  #head = "";

  constructor(readChunk: (chunk: unknown) => WireOutcome) {
    this.#readChunk = readChunk;
  }

  get finished(): boolean {
    return this.#finished;
  }

  /** The first chunks carry the identity: Azure's very first one has an empty model. */
  mayTell(text: string): boolean {
    if (this.#outcome.responseModel === null) return true;
    // A beginning that told nothing tells nothing when it comes again: it is more than half of a chunk.
    const { length } = this.#head;
    // Several times faster than `startsWith`.
    const isKnown = length > 0 && text.slice(0, length) === this.#head;
    const from = isKnown ? length : 0;
    if (tells(text, from) || text.includes(END_OF_STREAM, from)) return true;
    if (!isKnown) this.#head = text.slice(0, Math.max(0, text.indexOf(FIRST_DIFFERENCE)));
    return false;
  }

  readEvent({ data }: SseEvent): void {
    if (data.startsWith(END_OF_STREAM)) {
      this.#finished = true;
      return;
    }
    if (this.#outcome.responseModel !== null && !tells(data, 0)) return;
    const chunk = parseJson(data);
    if (chunk === undefined) return;
    this.#outcome = mergeOutcomes(this.#outcome, this.#readChunk(chunk));
    this.#isUsageFinal ||= this.#outcome.finishReasons.length > 0 || isUsageAlone(chunk);
  }

  outcome(): WireOutcome {
    if (this.#finished || this.#isUsageFinal) return this.#outcome;
    const { costUsd: _costSoFar, ...known } = this.#outcome;
    return { ...known, usage: withoutOutput(known.usage) };
  }
}

/** Whether a chunk is the one that comes after all choices, for its usage. */
function isUsageAlone(chunk: unknown): boolean {
  const { choices, usage, x_groq } = toRecord(chunk);
  return toList(choices).length === 0 && (usage ?? toRecord(x_groq).usage ?? null) !== null;
}

function tells(text: string, from: number): boolean {
  TELLING_CHUNK.lastIndex = from;
  return TELLING_CHUNK.test(text);
}

function readChatBody(value: unknown, quirks: OpenAIQuirks): WireOutcome {
  const { excludesReasoning, readUsage, readCostUsd } = quirks;
  const body = toRecord(value);
  const errorType = body.error === undefined || body.error === null ? null : readErrorType(body.error);
  const finishReasons = toList(body.choices).map((choice) => toText(toRecord(choice).finish_reason));
  const usage = body.usage ?? toRecord(body.x_groq).usage;
  const costUsd = readCostUsd?.(usage) ?? null;
  return {
    ...UNKNOWN_OUTCOME,
    responseModel: toText(body.model),
    responseId: toText(body.id),
    serviceTier: toText(body.service_tier),
    usage: readUsage?.(usage) ?? readOpenAIUsage(usage, excludesReasoning),
    finishReasons: finishReasons.filter((reason) => reason !== null),
    ...(costUsd === null ? {} : { costUsd }),
    ...(errorType === null ? {} : { errorType }),
  };
}

function mergeOutcomes(before: WireOutcome, next: WireOutcome): WireOutcome {
  const errorType = next.errorType ?? before.errorType;
  const costUsd = next.costUsd ?? before.costUsd;
  return {
    responseModel: next.responseModel ?? before.responseModel,
    responseId: next.responseId ?? before.responseId,
    serviceTier: next.serviceTier ?? before.serviceTier,
    inferenceRegion: null,
    usage: next.usage.input === null && next.usage.output === null ? before.usage : next.usage,
    finishReasons: [...before.finishReasons, ...next.finishReasons].slice(0, MAX_FINISH_REASONS),
    ...(costUsd === undefined ? {} : { costUsd }),
    ...(errorType === undefined ? {} : { errorType }),
  };
}
