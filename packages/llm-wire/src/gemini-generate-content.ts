import { addSearchQueries, countBilledSearches } from "./gemini-grounding.ts";
import { parseGeminiPath } from "./gemini-path.ts";
import { readGeminiTier, readGeminiUsage } from "./gemini-usage.ts";
import { parseJson, toList, toRecord, toText } from "./json-fields.ts";
import { readErrorType } from "./error-type.ts";
import type { SseEvent } from "./sse-splitter.ts";
import { withoutOutput } from "./unfinished-usage.ts";
import { type StreamReader, type WireFormat, type WireOutcome, UNKNOWN_OUTCOME } from "./wire-format.ts";

const PLAIN = "generateContent";
const STREAMED = "streamGenerateContent";
const FINISHING_CHUNK = /"(?:finishReason|blockReason)"\s*:/;
const FAILED_CHUNK = /"error"\s*:\s*\{/;

/** Gemini `generateContent` and `streamGenerateContent`, on AI Studio and Vertex AI. */
export const GEMINI_GENERATE_CONTENT: WireFormat = {
  name: "gemini-generate-content",
  matchRequest: (method, pathname) => {
    const called = method === "POST" ? parseGeminiPath(pathname)?.method : undefined;
    return called === PLAIN || called === STREAMED;
  },
  readRequest: (pathname) => {
    const path = parseGeminiPath(pathname);
    return { operation: "generate_content", requestModel: path?.model ?? null, streamed: path?.method === STREAMED };
  },
  responseFields: ["candidates", "error", "modelVersion", "promptFeedback", "responseId", "usageMetadata"],
  readResponse: (body) => (Array.isArray(body) ? readChunks(body) : readChunks([body])),
  createStreamReader: () => new GeminiStreamReader(),
};

/** Usage is cumulative on each chunk, so only the last chunk of each kind is kept, unparsed until it is asked for. */
class GeminiStreamReader implements StreamReader {
  readonly finished = false;
  #lastUsage = "";
  #lastFinish = "";
  #failed = "";
  readonly #queries = new Set<string>();

  readEvent({ data }: SseEvent): void {
    if (FINISHING_CHUNK.test(data)) this.#lastFinish = data;
    if (data.includes('"usageMetadata"')) this.#lastUsage = data;
    if (data.includes('"webSearchQueries"')) addSearchQueries(this.#queries, parseJson(data));
    if (FAILED_CHUNK.test(data)) this.#failed = data;
  }

  outcome(): WireOutcome {
    const outcome = readChunks(
      [...new Set([this.#lastFinish, this.#lastUsage, this.#failed])].map(parseJson),
      this.#queries,
    );
    return outcome.finishReasons.length > 0 ? outcome : { ...outcome, usage: withoutOutput(outcome.usage) };
  }
}

/**
 * Reads chunks of one response, the whole of it or all that matters; of each figure the last one counts.
 * @param queries searches that are known already
 */
function readChunks(chunks: readonly unknown[], queries = new Set<string>()): WireOutcome {
  for (const chunk of chunks) addSearchQueries(queries, chunk);
  const outcome = mergeChunks(chunks);
  const webSearchRequests = countBilledSearches(queries, outcome.responseModel);
  return { ...outcome, usage: { ...outcome.usage, webSearchRequests } };
}

function mergeChunks(chunks: readonly unknown[]): WireOutcome {
  return chunks.map(toRecord).reduce<WireOutcome>((before, chunk) => {
    const hasUsage = chunk.usageMetadata !== undefined;
    const finishReasons = readFinishReasons(chunk);
    return {
      ...before,
      responseModel: toText(chunk.modelVersion) ?? before.responseModel,
      responseId: toText(chunk.responseId) ?? before.responseId,
      serviceTier: readGeminiTier(chunk.usageMetadata) ?? before.serviceTier,
      usage: hasUsage ? readGeminiUsage(chunk.usageMetadata) : before.usage,
      finishReasons: finishReasons.length > 0 ? finishReasons : before.finishReasons,
      ...(chunk.error === undefined || chunk.error === null ? {} : { errorType: readErrorType(chunk.error) }),
    };
  }, UNKNOWN_OUTCOME);
}

function readFinishReasons(chunk: Readonly<Record<string, unknown>>): readonly string[] {
  const blocked = toText(toRecord(chunk.promptFeedback).blockReason);
  if (blocked !== null) return [blocked];
  return toList(chunk.candidates)
    .map((candidate) => toText(toRecord(candidate).finishReason))
    .filter((reason) => reason !== null);
}
