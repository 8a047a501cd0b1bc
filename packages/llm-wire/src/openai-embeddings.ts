import { toRecord, toText } from "./json-fields.ts";
import { readRequestModel } from "./openai-request.ts";
import { readOpenAIUsage } from "./openai-usage.ts";
import { readTopLevelFields } from "./top-level-fields.ts";
import { type WireFormat, type WireOutcome, UNKNOWN_OUTCOME } from "./wire-format.ts";

/** OpenAI embeddings and compatible ones; never streamed. */
export const OPENAI_EMBEDDINGS: WireFormat = {
  name: "openai-embeddings",
  matchRequest: (method, pathname) => method === "POST" && pathname.endsWith("/embeddings"),
  readRequest: (pathname, body) => {
    const { model } = readTopLevelFields(body ?? "", ["model"]);
    return { operation: "embeddings", requestModel: readRequestModel(pathname, model), streamed: false };
  },
  responseFields: ["model", "usage"],
  readResponse: readEmbeddings,
  createStreamReader: () => ({ readEvent: () => undefined, finished: false, outcome: () => UNKNOWN_OUTCOME }),
};

function readEmbeddings(value: unknown): WireOutcome {
  const body = toRecord(value);
  const usage = readOpenAIUsage(body.usage);
  // Embeddings have no output tokens: a known zero, once the provider reported usage at all.
  const output = usage.output ?? (usage.input === null ? null : 0);
  return { ...UNKNOWN_OUTCOME, responseModel: toText(body.model), usage: { ...usage, output } };
}
