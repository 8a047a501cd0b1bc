import { type Usage, UNKNOWN_USAGE } from "@spancost/core";
import { ANTHROPIC_MESSAGES } from "./anthropic-messages.ts";
import { readBedrockHeaders } from "./bedrock-headers.ts";
import { INVOKE_FIELDS, readInvokeBody } from "./bedrock-invoke-body.ts";
import { parseBedrockPath } from "./bedrock-path.ts";
import { readInvocationMetrics } from "./bedrock-usage.ts";
import { type JsonRecord, parseJson, toRecord } from "./json-fields.ts";
import type { SseEvent } from "./sse-splitter.ts";
import { withoutOutput } from "./unfinished-usage.ts";
import {
  type StreamReader,
  type WireFormat,
  type WireOutcome,
  type WireRequest,
  UNKNOWN_OUTCOME,
} from "./wire-format.ts";

const PLAIN = "invoke";
const STREAMED = "invoke-with-response-stream";
const EMBEDDING_MODEL = /embed/;
const IMAGE_MODEL = /canvas|image|stability\.|stable-/;

/** Bedrock's InvokeModel and InvokeModelWithResponseStream, whose bodies are in the formats of the models' makers. */
export const BEDROCK_INVOKE: WireFormat = {
  name: "bedrock-invoke",
  matchRequest: (method, pathname) => {
    const called = method === "POST" ? parseBedrockPath(pathname)?.method : undefined;
    return called === PLAIN || called === STREAMED;
  },
  readRequest: (pathname) => {
    const path = parseBedrockPath(pathname);
    const operation = readOperation(path?.model ?? "");
    const responseFormat = operation === "embeddings" ? { responseFormat: EMBEDDINGS } : {};
    return { operation, requestModel: path?.model ?? null, streamed: path?.method === STREAMED, ...responseFormat };
  },
  responseFields: INVOKE_FIELDS,
  readResponse: readInvokeBody,
  readHeaders: readBedrockHeaders,
  createStreamReader: () => new InvokeStreamReader(),
};

/** Embeddings have no output tokens: a known zero once their input is known. */
const EMBEDDINGS: WireFormat = {
  ...BEDROCK_INVOKE,
  readHeaders: (headers) => {
    const head = readBedrockHeaders(headers);
    return { ...head, usage: { ...head.usage, output: head.usage.input === null ? null : 0 } };
  },
};

function readOperation(model: string): WireRequest["operation"] {
  if (EMBEDDING_MODEL.test(model)) return "embeddings";
  return IMAGE_MODEL.test(model) ? "image_generation" : "chat";
}

const BYTES = '"bytes":"';
const METRICS = "amazon-bedrock-invocationMetrics";
/** Chunks that say more than another piece of text, as the makers' formats have them. */
const TELLING_CHUNK =
  /"(?:usage|amazon-bedrock-invocationMetrics|prompt_token_count)"\s*:|"(?:stop_?[rR]eason|finish_reason|completionReason)"\s*:\s*"/;

/** Each chunk holds an event of the maker's own stream; the last one has Bedrock's own count as well, whoever made the model. */
class InvokeStreamReader implements StreamReader {
  readonly #anthropic = ANTHROPIC_MESSAGES.createStreamReader();
  #outcome: WireOutcome = UNKNOWN_OUTCOME;
  #metrics: Usage | null = null;
  #errorType: string | null = null;

  get finished(): boolean {
    return this.#metrics !== null;
  }

  readEvent({ event, data, exceptionType }: SseEvent): void {
    if (exceptionType !== undefined) this.#errorType = exceptionType;
    else if (event === "chunk") this.#readChunk(decodeChunk(data));
  }

  outcome(): WireOutcome {
    const anthropic = this.#anthropic.outcome();
    const finishReasons = [...anthropic.finishReasons, ...this.#outcome.finishReasons];
    const usage = this.#chooseUsage(anthropic.usage);
    const errorType = this.#errorType ?? anthropic.errorType;
    return { ...UNKNOWN_OUTCOME, usage, finishReasons, ...(errorType === undefined ? {} : { errorType }) };
  }

  #readChunk(text: string): void {
    if (!TELLING_CHUNK.test(text)) return;
    const chunk = toRecord(parseJson(text));
    const metrics = chunk[METRICS];
    if (metrics !== undefined) this.#metrics = readInvocationMetrics(toRecord(metrics));
    if (typeof chunk.type === "string") this.#anthropic.readEvent({ event: "", data: text });
    else this.#merge(readInvokeBody(toPlainBody(chunk)));
  }

  #merge({ usage, finishReasons }: WireOutcome): void {
    const known = Object.entries(usage).filter(([, count]) => count !== null);
    this.#outcome = {
      ...UNKNOWN_OUTCOME,
      usage: { ...this.#outcome.usage, ...Object.fromEntries(known) },
      finishReasons: [...this.#outcome.finishReasons, ...finishReasons],
    };
  }

  /** The maker's own count tells more, such as how long cache writes live; Bedrock's is there when the maker has none. */
  #chooseUsage(anthropic: Usage): Usage {
    const { usage, finishReasons } = this.#outcome;
    // Llama and Titan count what was generated so far with every chunk.
    const counted = finishReasons.length > 0 ? usage : withoutOutput(usage);
    const own = anthropic.input === null ? counted : anthropic;
    const isWhole = own.input !== null && own.output !== null;
    return isWhole || this.#metrics === null ? own : { ...UNKNOWN_USAGE, ...this.#metrics };
  }
}

/** Nova wraps each event into its name. */
function toPlainBody(chunk: JsonRecord): JsonRecord {
  const { metadata, messageStop } = chunk;
  return metadata === undefined && messageStop === undefined
    ? chunk
    : { ...toRecord(messageStop), ...toRecord(metadata) };
}

/** The event inside a chunk, as Latin-1: what is read of it is ASCII. Empty when there is none. */
function decodeChunk(data: string): string {
  const start = data.indexOf(BYTES);
  if (start === -1) return "";
  try {
    return atob(data.slice(start + BYTES.length, data.indexOf('"', start + BYTES.length)));
  } catch {
    return "";
  }
}
