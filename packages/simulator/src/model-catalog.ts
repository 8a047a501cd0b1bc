/** What the simulator knows about a model. */
export interface SimulatedModel {
  /** The name in the answer: providers answer an alias with its dated snapshot. */
  readonly responded: string;
  /** Thinks before it answers, billed as output. */
  readonly reasons: boolean;
  /** Reads prompts from a cache without being asked to. */
  readonly cachesByItself: boolean;
}

/**
 * Aliases and the snapshots they answered with.
 * @see https://platform.openai.com/docs/models and https://docs.claude.com/en/docs/about-claude/models (aliases as of 2026-11)
 */
const MODELS: Readonly<Record<string, SimulatedModel>> = {
  "gpt-5-mini": { responded: "gpt-5-mini-2025-08-07", reasons: true, cachesByItself: true },
  "gpt-4.1": { responded: "gpt-4.1-2025-04-14", reasons: false, cachesByItself: true },
  "gpt-4o-mini": { responded: "gpt-4o-mini-2024-07-18", reasons: false, cachesByItself: true },
  "o4-mini": { responded: "o4-mini-2025-04-16", reasons: true, cachesByItself: true },
  "claude-sonnet-4-5": { responded: "claude-sonnet-4-5-20250929", reasons: false, cachesByItself: false },
  "claude-haiku-4-5": { responded: "claude-haiku-4-5-20251001", reasons: false, cachesByItself: false },
  "gemini-2.5-flash": { responded: "gemini-2.5-flash", reasons: true, cachesByItself: true },
  "openai/gpt-oss-120b": { responded: "openai/gpt-oss-120b", reasons: true, cachesByItself: true },
};

/** A model that is not listed answers under its own name and neither reasons nor caches. */
export function findModel(requested: string): SimulatedModel {
  return MODELS[requested] ?? { responded: requested, reasons: false, cachesByItself: false };
}
