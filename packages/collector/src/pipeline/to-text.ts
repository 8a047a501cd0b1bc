import type { TextEntries } from "@spancost/clickhouse";
import { isContentAttribute } from "@spancost/core";
import type { Attributes, AttributeValue } from "../otlp/trace-data.ts";

/**
 * Attributes as texts, as the Collector's ClickHouse exporter writes them; without prompts and completions unless `withContent`.
 * For the attributes of an event, `eventName` is its name.
 */
export function toTextEntries(attributes: Attributes, withContent: boolean, eventName?: string): TextEntries {
  const entries: [string, string][] = [];
  for (const [key, value] of Object.entries(attributes)) {
    if (withContent || !isContentAttribute(key, eventName)) entries.push([key, toText(value)]);
  }
  return entries;
}

/** An attribute value as text: scalars as they are, lists and maps as JSON. */
export function toText(value: AttributeValue | undefined): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  return typeof value === "object" ? JSON.stringify(value, replacePart) : String(value);
}

/** A replacer is handed what `Buffer.toJSON` made of the bytes; the bytes themselves are still in the holder. */
function replacePart(this: Readonly<Record<string, AttributeValue>>, key: string): unknown {
  return toJsonPart(this[key] ?? null);
}

function toJsonPart(part: AttributeValue): unknown {
  if (typeof part === "bigint") return part.toString();
  return part instanceof Uint8Array ? Buffer.from(part).toString("base64") : part;
}
