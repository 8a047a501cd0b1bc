import type { BilledUsage } from "./canonical-usage.ts";
import { type JsonObject, readObject, readString, walkObjects, walkStrings } from "./json-reading.ts";
import type { SimulatedModel } from "./model-catalog.ts";
import type { Draw } from "./token-draw.ts";

/** OpenAI, Gemini and Groq cache whole blocks of this many tokens, from 1,024 on. */
const CACHE_BLOCK_TOKENS = 128;
const MIN_CACHED_PROMPT_TOKENS = 1_024;
/** A rule of thumb for English text. */
const CHARACTERS_PER_TOKEN = 4;

/** The tokens that a generating call is billed for. */
export function planUsage(request: JsonObject, model: SimulatedModel, draw: Draw): BilledUsage {
  const explicit = planExplicitCache(request, draw);
  const fresh = countTextTokens(request) + draw.integer("input", 40, 3_400);
  const cacheRead = explicit.cacheRead + (model.cachesByItself ? planAutomaticCache(fresh, draw) : 0);
  const thinks = model.reasons || readString(readObject(request, "thinking"), "type") === "enabled";
  const reasoning = thinks && draw.chance("reasons", 80) ? draw.integer("reasoning", 16, 900) : 0;
  return {
    ...explicit,
    input: fresh + explicit.cacheRead + explicit.cacheWrite5m + explicit.cacheWrite1h,
    cacheRead,
    output: reasoning + draw.integer("output", 8, 700),
    reasoning,
  };
}

/** The tokens that a Bedrock call is billed for; Bedrock does not tell thinking from other output. */
export function planBedrockUsage(request: JsonObject, model: SimulatedModel, draw: Draw): BilledUsage {
  return { ...planUsage(request, model, draw), reasoning: 0 };
}

/** The tokens that an embedding call is billed for: input only. */
export function planEmbeddingUsage(request: JsonObject, draw: Draw): BilledUsage {
  const input = countTextTokens(request) + draw.integer("input", 5, 900);
  return { input, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 0, reasoning: 0 };
}

/** Two of three long prompts find their beginning in the cache. */
function planAutomaticCache(input: number, draw: Draw): number {
  if (input < MIN_CACHED_PROMPT_TOKENS || !draw.chance("cached", 66)) return 0;
  const blocks = Math.floor(input / CACHE_BLOCK_TOKENS);
  return draw.integer("cachedBlocks", MIN_CACHED_PROMPT_TOKENS / CACHE_BLOCK_TOKENS, blocks) * CACHE_BLOCK_TOKENS;
}

/** Members that mark what to cache: Anthropic's, and Bedrock Converse's. */
const CACHE_MARKS = ["cache_control", "cachePoint"];

/** Anthropic and Bedrock: the request marks what to cache and for how long; each marked part is found there or written. */
function planExplicitCache(
  request: JsonObject,
  draw: Draw,
): Pick<BilledUsage, "cacheRead" | "cacheWrite5m" | "cacheWrite1h"> {
  const lifetimes = new Set<string>();
  for (const object of walkObjects(request)) {
    for (const mark of CACHE_MARKS) {
      if (object[mark] !== undefined) lifetimes.add(readString(readObject(object, mark), "ttl") ?? "5m");
    }
  }
  const usage = { cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0 };
  for (const lifetime of lifetimes) {
    const found = draw.chance(`found ${lifetime}`, 50);
    const part = found ? "cacheRead" : lifetime === "1h" ? "cacheWrite1h" : "cacheWrite5m";
    usage[part] += draw.integer(`marked ${lifetime}`, MIN_CACHED_PROMPT_TOKENS, 9_000);
  }
  return usage;
}

/** Of texts only: a switch such as `stream_options` costs nothing. */
function countTextTokens(request: JsonObject): number {
  const texts = Array.from(walkStrings(request), (text) => text.length);
  return Math.ceil(texts.reduce((sum, length) => sum + length, 0) / CHARACTERS_PER_TOKEN);
}
