/** A JSON object of unknown shape. */
export type JsonRecord = Readonly<Record<string, unknown>>;

const NOTHING: JsonRecord = {};

/** The value as a JSON object, or an empty one: readers of foreign JSON never branch on shape. */
export function toRecord(value: unknown): JsonRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonRecord) : NOTHING;
}

/** The value as a list, or an empty one. */
export function toList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The value as a non-empty text, or `null`. */
export function toText(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/**
 * The value as a count, or `null` when it is no finite number. An impossible count (negative, fractional) is passed on as it
 * is, so that the ledger rejects the call visibly.
 */
export function toCount(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** The sum of a total and parts that the provider keeps out of it: unknown when the total is, unknown parts add nothing. */
export function addParts(total: number | null, ...parts: readonly (number | null)[]): number | null {
  if (total === null) return null;
  return parts.reduce<number>((sum, part) => sum + (part ?? 0), total);
}

/** Parses JSON; `undefined` for text that is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
