/** What the names of the attributes begin with in which the known LLM producers report usage, and other costs are recorded. */
const PREFIXES = [
  "gen_ai.",
  "llm.",
  "ai.",
  "anthropic.",
  "langfuse.",
  "langsmith.",
  "genkit:",
  "openinference.",
  "spancost.cost.",
] as const;
/** The same by the code of their first letter: a span's other names are passed over after looking at one letter. */
const PREFIXES_BY_INITIAL = groupByInitial(PREFIXES);

/** Says whether a span may be an LLM call with usage, cheaply: most spans of an app are not, and end here. */
export function hasLlmAttribute(attributes: Readonly<Record<string, unknown>>): boolean {
  for (const name in attributes) {
    const prefixes = PREFIXES_BY_INITIAL[name.charCodeAt(0)];
    if (prefixes === undefined) continue;
    for (const prefix of prefixes) if (name.startsWith(prefix)) return true;
  }
  return false;
}

function groupByInitial(prefixes: readonly string[]): readonly (readonly string[] | undefined)[] {
  const groups: (string[] | undefined)[] = Array.from({ length: 128 });
  for (const prefix of prefixes) {
    const initial = prefix.charCodeAt(0);
    groups[initial] = [...(groups[initial] ?? []), prefix];
  }
  return groups;
}
