import type { SpanAttributes } from "../span-facts.ts";
import type { Source, SummedKeys } from "./dialect.ts";

/** Longest JSON attribute that is parsed, in UTF-16 units: usage stands in small ones, but Genkit's holds the answer's text too. */
const MAX_JSON_LENGTH = 1_048_576;
/** Most keys of an object that are added up: producers write about ten, and a sum over more would be none of usage. */
const MAX_SUMMED_KEYS = 100;

/** Reads sources from one span; parses each JSON attribute once. */
export class AttributeAccess {
  readonly #span: SpanAttributes;
  #parsed: Map<string, unknown> | undefined;

  constructor(span: SpanAttributes) {
    this.#span = span;
  }

  has(key: string): boolean {
    return this.#span.attributes[key] !== undefined;
  }

  /** The attribute as text, or "". */
  text(key: string): string {
    const value = this.#span.attributes[key];
    return typeof value === "string" ? value : "";
  }

  /** The first source with a text, trimmed, or "". */
  firstText(sources: readonly Source[] | undefined): string {
    for (const source of sources ?? []) {
      const value = this.#read(source);
      if (isText(value)) return value.trim();
    }
    return "";
  }

  /** The source that `firstText` takes. */
  sourceOfText(sources: readonly Source[] | undefined): Source | null {
    return sources?.find((source) => isText(this.#read(source))) ?? null;
  }

  /** The first source that holds a number; NaN is how some producers say "unknown". */
  firstCount(sources: readonly Source[] | undefined): number | null {
    for (const source of sources ?? []) {
      const value = this.#read(source);
      if (isCount(value)) return Number(value);
    }
    return null;
  }

  /** The source that `firstCount` takes. */
  sourceOfCount(sources: readonly Source[] | undefined): Source | null {
    return sources?.find((source) => isCount(this.#read(source))) ?? null;
  }

  /** The first source that holds a truth value. */
  firstFlag(sources: readonly Source[] | undefined): boolean {
    for (const source of sources ?? []) {
      const value = this.#read(source);
      if (typeof value === "boolean") return value;
      if (value === "true" || value === "false") return value === "true";
    }
    return false;
  }

  /** The parsed JSON of an attribute; `undefined` when it is absent, too long or no JSON. */
  json(key: string): unknown {
    if (this.#parsed?.has(key)) return this.#parsed.get(key);
    const parsed = parseBounded(this.#span.attributes[key]);
    this.#parsed ??= new Map();
    this.#parsed.set(key, parsed);
    return parsed;
  }

  #read(source: Source): unknown {
    if (typeof source === "string") return this.#span.attributes[source];
    let value = this.json(source.json);
    for (const key of source.path) {
      if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
      value = (value as Record<string, unknown>)[key];
    }
    return source.sum === undefined ? value : sumNumbers(value, source.sum);
  }
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.trim() !== "";
}

function isCount(value: unknown): value is number | bigint {
  return typeof value === "bigint" || (typeof value === "number" && !Number.isNaN(value));
}

/** The sum of an object's numbers under the keys asked for; `undefined` when there is none, or the object is no usage. */
function sumNumbers(value: unknown, { keys, needs }: SummedKeys): number | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const entries = Object.entries(value);
  if (entries.length > MAX_SUMMED_KEYS) return undefined;
  if (needs !== undefined && !entries.some(([key, part]) => key === needs && typeof part === "number"))
    return undefined;
  const parts = entries.flatMap(([key, part]) => (typeof part === "number" && keys.test(key) ? [part] : []));
  return parts.length === 0 ? undefined : parts.reduce((sum, part) => sum + part, 0);
}

function parseBounded(text: unknown): unknown {
  if (typeof text !== "string" || text.length > MAX_JSON_LENGTH) return undefined;
  const first = text.trimStart()[0];
  if (first !== "{" && first !== "[") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
