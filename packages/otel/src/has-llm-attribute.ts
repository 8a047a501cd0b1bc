/** What the attribute names of the known LLM producers begin with; several are the same up to the first dot. */
const PREFIXES = ["gen_ai.", "llm.", "ai.", "langfuse.", "openinference.", "traceloop.", "genkit:"] as const;

/** Says whether a span may be an LLM call, cheaply: most spans of an app are not, and end here. */
export function hasLlmAttribute(attributes: Readonly<Record<string, unknown>>): boolean {
  for (const name in attributes) {
    if (PREFIXES.some((prefix) => name.startsWith(prefix))) return true;
  }
  return false;
}
