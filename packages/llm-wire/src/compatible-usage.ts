import type { Usage } from "@spancost/core";
import { addParts, toCount, toRecord } from "./json-fields.ts";
import { readOpenAIUsage } from "./openai-usage.ts";

/** xAI counts its own figure in ticks of 1e-10 USD. */
const TICKS_PER_USD = 1e10;

/**
 * OpenRouter's charge in credits, which are USD. With the caller's own key to the provider (`is_byok`) it is only the fee, and what
 * the provider takes comes on top.
 * @see https://openrouter.ai/docs/cookbook/administration/usage-accounting read 2026-11-20
 */
export function readOpenRouterCost(value: unknown): number | null {
  const usage = toRecord(value);
  const cost = toCount(usage.cost);
  if (cost === null || usage.is_byok !== true) return cost;
  const upstream = toCount(toRecord(usage.cost_details).upstream_inference_cost);
  return upstream === null ? null : cost + upstream;
}

/**
 * Gemini's usage in OpenAI's format, where thoughts are in the total alone: the output is what the total has besides the input.
 * @see https://ai.google.dev/gemini-api/docs/openai and https://github.com/router-for-me/CLIProxyAPI/issues/5733, read 2026-11-20
 */
export function readGeminiCompatibleUsage(value: unknown): Usage {
  const read = readOpenAIUsage(value);
  const total = toCount(toRecord(value).total_tokens);
  if (read.input === null || read.output === null || total === null) return read;
  const output = Math.max(read.output, total - read.input);
  const thoughts = output - read.output;
  return { ...read, output, reasoning: thoughts > 0 ? thoughts : read.reasoning };
}

/** Perplexity's total of tokens, searches and the fee a request. @see https://docs.perplexity.ai/api-reference/chat-completions-post `usage.cost` */
export function readPerplexityCost(value: unknown): number | null {
  return toCount(toRecord(toRecord(value).cost).total_cost);
}

/**
 * Perplexity's usage: what deep research adds (citations read, reasoning, searches) stands beside the totals and is billed besides.
 * @see https://docs.perplexity.ai/getting-started/pricing "Sonar Deep Research", whose costs are given part by part
 */
export function readPerplexityUsage(value: unknown): Usage {
  const usage = toRecord(value);
  const read = readOpenAIUsage(usage);
  const reasoning = toCount(usage.reasoning_tokens);
  return {
    ...read,
    input: addParts(read.input, toCount(usage.citation_tokens)),
    output: addParts(read.output, reasoning),
    reasoning: reasoning ?? read.reasoning,
    // The other models report their searches too, and bill the request.
    webSearchRequests: reasoning === null ? null : toCount(usage.num_search_queries),
  };
}

/** xAI's figure. @see https://docs.x.ai/docs/api-reference `usage.cost_in_usd_ticks` */
export function readXaiCost(value: unknown): number | null {
  const ticks = toCount(toRecord(value).cost_in_usd_ticks);
  return ticks === null ? null : ticks / TICKS_PER_USD;
}
