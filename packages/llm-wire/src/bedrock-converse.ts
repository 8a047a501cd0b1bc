import { readBedrockHeaders, readBedrockTier } from "./bedrock-headers.ts";
import { parseBedrockPath } from "./bedrock-path.ts";
import { readConverseUsage } from "./bedrock-usage.ts";
import { parseJson, toRecord, toText } from "./json-fields.ts";
import type { SseEvent } from "./sse-splitter.ts";
import { type StreamReader, type WireFormat, type WireOutcome, UNKNOWN_OUTCOME } from "./wire-format.ts";

const PLAIN = "converse";
const STREAMED = "converse-stream";

/** Bedrock's Converse and ConverseStream, of all models alike. */
export const BEDROCK_CONVERSE: WireFormat = {
  name: "bedrock-converse",
  matchRequest: (method, pathname) => {
    const called = method === "POST" ? parseBedrockPath(pathname)?.method : undefined;
    return called === PLAIN || called === STREAMED;
  },
  readRequest: (pathname) => {
    const path = parseBedrockPath(pathname);
    return { operation: "chat", requestModel: path?.model ?? null, streamed: path?.method === STREAMED };
  },
  responseFields: ["performanceConfig", "serviceTier", "stopReason", "trace", "usage"],
  readResponse: readConverse,
  readHeaders: readBedrockHeaders,
  createStreamReader: () => new ConverseStreamReader(),
};

/** Two events of a stream say what a plain response says at once: the last but one and the last. */
class ConverseStreamReader implements StreamReader {
  #stopReason: unknown = null;
  #metadata: unknown = null;
  #errorType: string | null = null;

  get finished(): boolean {
    return this.#metadata !== null;
  }

  readEvent(event: SseEvent): void {
    if (event.exceptionType !== undefined) this.#errorType = event.exceptionType;
    else if (event.event === "messageStop") this.#stopReason = toRecord(parseJson(event.data)).stopReason;
    else if (event.event === "metadata") this.#metadata = toRecord(parseJson(event.data));
  }

  outcome(): WireOutcome {
    const outcome = readConverse({ ...toRecord(this.#metadata), stopReason: this.#stopReason });
    return this.#errorType === null ? outcome : { ...outcome, errorType: this.#errorType };
  }
}

function readConverse(value: unknown): WireOutcome {
  const body = toRecord(value);
  const stopReason = toText(body.stopReason);
  return {
    ...UNKNOWN_OUTCOME,
    // Only a prompt router chooses the model; its own ARN has no price.
    responseModel: toText(toRecord(toRecord(body.trace).promptRouter).invokedModelId),
    serviceTier: readBedrockTier(toRecord(body.serviceTier).type, toRecord(body.performanceConfig).latency),
    usage: readConverseUsage(body.usage),
    finishReasons: stopReason === null ? [] : [stopReason],
  };
}
