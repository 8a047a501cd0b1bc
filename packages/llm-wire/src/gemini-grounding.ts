import { toList, toRecord, toText } from "./json-fields.ts";

/** Generations whose grounding is billed once a prompt, however many searches it took. Later ones are billed by the search. */
const BILLED_BY_PROMPT = /gemini-(?:live-)?[12](?:[.-]|$)/;
/** Most queries of one answer that are told apart; real ones have a handful. */
const MAX_QUERIES = 1_000;

/** Adds the search queries that a chunk says the model made; Google repeats them, and sends empty ones. */
export function addSearchQueries(queries: Set<string>, chunk: unknown): void {
  for (const candidate of toList(toRecord(chunk).candidates)) {
    for (const query of toList(toRecord(toRecord(candidate).groundingMetadata).webSearchQueries)) {
      if (toText(query) !== null && queries.size < MAX_QUERIES) queries.add(String(query));
    }
  }
}

/**
 * How many searches are billed: each different query that is not empty from Gemini 3 on, before that one for a prompt that was
 * grounded at all. What an account has free a day or a month is not known here. `null` when there was none.
 * @see https://ai.google.dev/gemini-api/docs/google-search "Pricing", https://ai.google.dev/gemini-api/docs/pricing and
 * https://discuss.ai.google.dev/t/102927, read 2026-11-20
 */
export function countBilledSearches(queries: ReadonlySet<string>, model: string | null): number | null {
  if (queries.size === 0) return null;
  return model !== null && BILLED_BY_PROMPT.test(model) ? 1 : queries.size;
}
