import type { PriceBucket } from "@spancost/core";
import type { PriceTable } from "../catalog-format.ts";

/** What a listed model is for. */
export type ListedKind = "chat" | "embedding" | "audio" | "other";

/** One row of somebody else's price list, in our units. */
export interface ListedPrice {
  /** The list's short name, such as `litellm`. */
  readonly list: string;
  /** Our provider id. */
  readonly provider: string;
  /** The model as the list names it. */
  readonly model: string;
  readonly kind: ListedKind;
  /** Region as the list names it apart from the model, or "". */
  readonly region: string;
  /** Service tier, or "" for standard. */
  readonly tier: string;
  /** Prompt length above which the row applies; 0 for the base price. */
  readonly above: number;
  readonly prices: PriceTable;
}

/** A price being collected. */
export type OpenTable = { [bucket in PriceBucket]?: string };

/** Digits of a price that count: the rest of a double is noise, and 1e-18 USD a token has no room for it. */
const DIGITS = 10;

/** A double times a power of ten as a plain decimal, with the noise of floating arithmetic (beyond ten digits) rounded off. */
export function toDecimalString(value: number, exponent: number): string {
  const [digits = "0", shift = "0"] = value.toExponential(DIGITS - 1).split("e");
  const [whole = "0", fraction = ""] = digits.split(".");
  const significant = (whole + fraction).replace(/0+$/, "") || "0";
  const point = 1 + Number(shift) + exponent;
  if (significant === "0") return "0";
  if (point <= 0) return `0.${"0".repeat(-point)}${significant}`;
  if (point >= significant.length) return significant + "0".repeat(point - significant.length);
  return `${significant.slice(0, point)}.${significant.slice(point)}`;
}

/** Whether a value is a plain object. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The non-negative number under a key, or `undefined`. */
export function readNumber(record: Readonly<Record<string, unknown>>, key: string): number | undefined {
  const value = record[key];
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;
}

/** The text under a key, or "". */
export function readText(record: Readonly<Record<string, unknown>>, key: string): string {
  const value = record[key];
  return typeof value === "string" ? value : "";
}

/** The object under a key, or an empty one. */
export function readRecord(record: Readonly<Record<string, unknown>>, key: string): Readonly<Record<string, unknown>> {
  const value = record[key];
  return isRecord(value) ? value : {};
}

/** What a model is for, as far as its name tells. */
export function guessKind(model: string): ListedKind {
  if (/embed|gecko/i.test(model)) return "embedding";
  if (/whisper|tts|transcribe|speech|voxtral|audio|chirp|voice|realtime|sonic/i.test(model)) return "audio";
  return /image|dall-e|imagen|veo|sora|rerank|moderation|ocr|diffusion|canvas|ranker|vision-preview-image|video|reel/i.test(
    model,
  )
    ? "other"
    : "chat";
}
