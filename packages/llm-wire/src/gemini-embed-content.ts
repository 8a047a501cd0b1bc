import { parseGeminiPath } from "./gemini-path.ts";
import { readGeminiUsage } from "./gemini-usage.ts";
import { addParts, toCount, toList, toRecord } from "./json-fields.ts";
import { type WireFormat, type WireOutcome, UNKNOWN_OUTCOME } from "./wire-format.ts";

const METHODS: ReadonlySet<string> = new Set(["embedContent", "batchEmbedContents"]);
/** Vertex's `predict` serves many kinds of model; the text embedding ones are told by their names. */
const EMBEDDING_MODEL = /embedding|gecko/;

/** Gemini embeddings: `embedContent` and `batchEmbedContents`, and Vertex AI's `predict` of embedding models. */
export const GEMINI_EMBED_CONTENT: WireFormat = {
  name: "gemini-embed-content",
  matchRequest: (method, pathname) => {
    const path = method === "POST" ? parseGeminiPath(pathname) : null;
    if (path === null) return false;
    return METHODS.has(path.method) || (path.method === "predict" && EMBEDDING_MODEL.test(path.model));
  },
  readRequest: (pathname) => ({
    operation: "embeddings",
    requestModel: parseGeminiPath(pathname)?.model ?? null,
    streamed: false,
  }),
  responseFields: ["predictions", "usageMetadata"],
  readResponse: readEmbeddings,
  createStreamReader: () => ({ readEvent: () => undefined, finished: false, outcome: () => UNKNOWN_OUTCOME }),
};

function readEmbeddings(value: unknown): WireOutcome {
  const body = toRecord(value);
  const usage = readGeminiUsage(body.usageMetadata);
  const input = usage.input ?? sumPredictions(body.predictions);
  // Embeddings have no output tokens: a known zero, once the provider reported usage at all.
  return { ...UNKNOWN_OUTCOME, usage: { ...usage, input, output: input === null ? null : 0 } };
}

function sumPredictions(value: unknown): number | null {
  const counts = toList(value).map((prediction) =>
    toCount(toRecord(toRecord(toRecord(prediction).embeddings).statistics).token_count),
  );
  return counts.length === 0 || counts.includes(null) ? null : addParts(0, ...counts);
}
