import { ANTHROPIC_MESSAGES } from "./anthropic-messages.ts";
import { type GeminiPath, parseGeminiPath } from "./gemini-path.ts";
import type { WireFormat } from "./wire-format.ts";

const PUBLISHER = "/publishers/anthropic/models/";
const PLAIN = "rawPredict";
const STREAMED = "streamRawPredict";
/** Stands in a model's place, and is no call. */
const COUNT_TOKENS = "count-tokens";

/** Anthropic messages on Vertex AI, where the path names the model: `.../publishers/anthropic/models/MODEL:rawPredict`. */
export const ANTHROPIC_VERTEX: WireFormat = {
  ...ANTHROPIC_MESSAGES,
  name: "anthropic-vertex",
  matchRequest: (method, pathname) => method === "POST" && parsePath(pathname) !== null,
  readRequest: (pathname) => {
    const path = parsePath(pathname);
    return { operation: "chat", requestModel: path?.model ?? null, streamed: path?.method === STREAMED };
  },
};

function parsePath(pathname: string): GeminiPath | null {
  const path = pathname.includes(PUBLISHER) ? parseGeminiPath(pathname) : null;
  if (path === null || path.model === COUNT_TOKENS) return null;
  return path.method === PLAIN || path.method === STREAMED ? path : null;
}
