import { type Usage, UNKNOWN_USAGE } from "@spancost/core";
import { parseJson, toCount, toList, toRecord, toText } from "./json-fields.ts";
import { readErrorType } from "./error-type.ts";
import { readRequestModel } from "./openai-request.ts";
import { readCacheWrites } from "./openai-usage.ts";
import type { SseEvent } from "./sse-splitter.ts";
import { readTopLevelFields } from "./top-level-fields.ts";
import { type StreamReader, type WireFormat, type WireOutcome, UNKNOWN_OUTCOME } from "./wire-format.ts";

const FIRST_EVENT = "response.created";
const LAST_EVENTS: ReadonlySet<string> = new Set(["response.completed", "response.incomplete", "response.failed"]);
const ERROR_EVENT = "error";
/** Any of these events; a piece of text that looks like one costs a needless reading. */
const TELLING_EVENT = /response\.(?:created|completed|incomplete|failed)|error/;

/** Compacting a conversation is a call of the model too, and answers with usage. */
const PATH = /\/responses(?:\/compact)?$/;

/** OpenAI responses, plain and streamed. */
export const OPENAI_RESPONSES: WireFormat = {
  name: "openai-responses",
  matchRequest: (method, pathname) => method === "POST" && PATH.test(pathname),
  readRequest: (pathname, body) => {
    const { model, stream } = readTopLevelFields(body ?? "", ["model", "stream"]);
    return { operation: "chat", requestModel: readRequestModel(pathname, model), streamed: stream === true };
  },
  responseFields: ["id", "model", "service_tier", "status", "usage", "error", "incomplete_details", "output"],
  readResponse: readResponseBody,
  createStreamReader: () => new OpenAIResponsesStreamReader(),
};

class OpenAIResponsesStreamReader implements StreamReader {
  #outcome: WireOutcome = UNKNOWN_OUTCOME;
  #finished = false;

  get finished(): boolean {
    return this.#finished;
  }

  mayTell(text: string): boolean {
    return TELLING_EVENT.test(text);
  }

  readEvent({ event, data }: SseEvent): void {
    const type = event === "" ? toText(readTopLevelFields(data, ["type"]).type) : event;
    if (type === null) return;
    if (type === FIRST_EVENT) this.#readFirst(parseJson(data));
    else if (LAST_EVENTS.has(type)) this.#readLast(parseJson(data));
    else if (type === ERROR_EVENT) this.#outcome = { ...this.#outcome, errorType: readErrorType(parseJson(data)) };
  }

  outcome(): WireOutcome {
    return this.#outcome;
  }

  /** Identity only: the tier in the first event is the requested one, and there is no usage yet. */
  #readFirst(value: unknown): void {
    const response = toRecord(toRecord(value).response);
    this.#outcome = { ...UNKNOWN_OUTCOME, responseModel: toText(response.model), responseId: toText(response.id) };
  }

  #readLast(value: unknown): void {
    const response = toRecord(value).response;
    if (response === undefined) return;
    this.#outcome = readResponseBody(response);
    this.#finished = true;
  }
}

function readResponseBody(value: unknown): WireOutcome {
  const body = toRecord(value);
  const status = toText(body.status);
  const reason = status === "incomplete" ? (toText(toRecord(body.incomplete_details).reason) ?? status) : status;
  const failed = status === "failed" || (body.error !== undefined && body.error !== null);
  return {
    responseModel: toText(body.model),
    responseId: toText(body.id),
    serviceTier: toText(body.service_tier),
    inferenceRegion: null,
    usage: { ...readResponsesUsage(body.usage), webSearchRequests: countWebSearches(body.output) },
    finishReasons: reason === null ? [] : [reason],
    ...(failed ? { errorType: readErrorType(body.error) } : {}),
  };
}

/** @see https://platform.openai.com/docs/api-reference/responses/object `usage`; field names as in openai 7.55.0 */
function readResponsesUsage(value: unknown): Usage {
  const usage = toRecord(value);
  const input = toRecord(usage.input_tokens_details);
  return {
    ...UNKNOWN_USAGE,
    input: toCount(usage.input_tokens),
    cacheRead: toCount(input.cached_tokens),
    ...readCacheWrites(input),
    output: toCount(usage.output_tokens),
    reasoning: toCount(toRecord(usage.output_tokens_details).reasoning_tokens),
  };
}

/** Searches are billed by the request; opening a page or finding in it is not. `null` when there was none. */
function countWebSearches(output: unknown): number | null {
  const searches = toList(output).filter((value) => {
    const item = toRecord(value);
    return item.type === "web_search_call" && (toText(toRecord(item.action).type) ?? "search") === "search";
  });
  return searches.length === 0 ? null : searches.length;
}
