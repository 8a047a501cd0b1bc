/** Hosts by a text with `*` in it for any text, even an empty one: `*.openai.azure.com`, `bedrock-runtime.*.amazonaws.com`. */
export interface HostPattern {
  /** What stands before the first `*`. */
  readonly prefix: string;
  /** What stands behind the last `*`. */
  readonly suffix: string;
  /** What stands between two `*`, in order. */
  readonly middle: readonly string[];
}

/** Reads a pattern; `null` when the text has no `*`, and so is one host. */
export function parseHostPattern(text: string): HostPattern | null {
  const [prefix = "", ...rest] = text.split("*");
  const suffix = rest.pop();
  return suffix === undefined ? null : { prefix, suffix, middle: rest };
}

/** Whether a host fits. The ends come first: on nearly every request of the app they say no, at the cost of two comparisons. */
export function fitsHostPattern(host: string, { prefix, suffix, middle }: HostPattern): boolean {
  if (!host.endsWith(suffix) || !host.startsWith(prefix)) return false;
  const end = host.length - suffix.length;
  let position = prefix.length;
  for (const part of middle) {
    const found = host.indexOf(part, position);
    if (found === -1) return false;
    position = found + part.length;
  }
  return position <= end;
}
