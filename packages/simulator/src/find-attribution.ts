import type { ReceivedRequest } from "./billing-journal.ts";

/** Names that attribution has on the wire, encoded or not, and whatever else is ours. */
const NAMES = /tenant_id|user_id|\bfeature=|spancost/i;
/** Shorter values are found in any header by chance. */
const MIN_VALUE_LENGTH = 4;

/**
 * Finds attribution in headers that a provider received: a name of ours in any header's name or value, or one of `values`, each as a whole word.
 * Returns a line for each such header.
 */
export function findAttribution(requests: readonly ReceivedRequest[], values: Iterable<string>): readonly string[] {
  const known = [...new Set(values)].filter((value) => value.length >= MIN_VALUE_LENGTH);
  const isKnown = known.length === 0 ? undefined : new RegExp(`(?<!\\w)(?:${known.map(escape).join("|")})(?!\\w)`, "i");
  return requests.flatMap(({ method, path, headers }) =>
    Object.entries(headers).flatMap(([name, value]) => {
      // Pseudo headers of HTTP/2 are the request's method and URL.
      const header = `${name}: ${decode([value].flat().join(", "))}`;
      const isLeak = !name.startsWith(":") && (NAMES.test(header) || isKnown?.test(header) === true);
      return isLeak ? [`${method} ${path}: ${header}`] : [];
    }),
  );
}

function escape(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

function decode(text: string): string {
  return text.replaceAll(/(?:%[0-9a-f]{2})+/gi, (encoded) => {
    try {
      return decodeURIComponent(encoded);
    } catch {
      return encoded;
    }
  });
}
