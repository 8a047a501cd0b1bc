import { toJsonAnswer, type WireAnswer, type WireCall } from "./wire-call.ts";

/** What `text-embedding-3-small` returns when no size is asked for. */
const DEFAULT_DIMENSIONS = 1_536;
const MAX_DIMENSIONS = 4_096;
const BYTES_PER_FLOAT = 4;

/**
 * `POST /v1/embeddings`; the answer has no id, so `responseId` is empty.
 * @see https://platform.openai.com/docs/api-reference/embeddings
 */
export function answerOpenAIEmbeddings(call: WireCall): WireAnswer {
  const input = call.request["input"];
  const count = Array.isArray(input) && typeof input[0] !== "number" ? input.length : 1;
  const asBase64 = call.request["encoding_format"] === "base64";
  const dimensions = toDimensions(call.request["dimensions"]);
  return toJsonAnswer("", {
    object: "list",
    data: Array.from({ length: count }, (_, index) => {
      const vector = toVector(call, index, dimensions);
      return { object: "embedding", index, embedding: asBase64 ? toBase64(vector) : vector };
    }),
    model: call.model.responded,
    usage: { prompt_tokens: call.usage.input, total_tokens: call.usage.input },
  });
}

function toDimensions(asked: unknown): number {
  return typeof asked === "number" && asked > 0 ? Math.min(Math.floor(asked), MAX_DIMENSIONS) : DEFAULT_DIMENSIONS;
}

/** A unit vector along one drawn axis. */
function toVector(call: WireCall, index: number, dimensions: number): readonly number[] {
  const axis = call.draw.integer(`axis ${index}`, 0, dimensions - 1);
  return Array.from({ length: dimensions }, (_, place) => (place === axis ? 1 : 0));
}

function toBase64(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * BYTES_PER_FLOAT);
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, index * BYTES_PER_FLOAT);
  return bytes.toString("base64");
}
