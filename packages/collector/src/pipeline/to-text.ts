import type { TextEntries } from "@spancost/clickhouse";
import { isContentAttribute } from "@spancost/core";
import type { Attributes, AttributeValue } from "../otlp/trace-data.ts";

/** Attributes as texts, as the Collector's ClickHouse exporter writes them; without prompts and completions unless `withContent`. */
export function toTextEntries(attributes: Attributes, withContent: boolean): TextEntries {
  const entries: [string, string][] = [];
  for (const [key, value] of Object.entries(attributes)) {
    if (withContent || !isContentAttribute(key)) entries.push([key, toText(value)]);
  }
  return entries;
}

/** An attribute value as text: scalars as they are, lists and maps as JSON. */
export function toText(value: AttributeValue | undefined): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  return typeof value === "object"
    ? JSON.stringify(value, (_, part: AttributeValue) => toJsonPart(part))
    : String(value);
}

function toJsonPart(part: AttributeValue): unknown {
  if (typeof part === "bigint") return part.toString();
  return part instanceof Uint8Array ? Buffer.from(part).toString("base64") : part;
}
