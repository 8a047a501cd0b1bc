import { walkStrings } from "./json-reading.ts";

/** What a test or the demo asks of the simulator through `[name=value]` markers inside the prompt text. */
export interface PromptMarkers {
  /** `[tenant=acme]`: whose call this is, independent of headers and spans. */
  readonly tenant?: string;
  /** `[user=alice]` */
  readonly user?: string;
  /** `[feature=chat]` */
  readonly feature?: string;
  /** `[fault=...]`, see `toFault`. */
  readonly fault?: string;
  /** `[id=abc]`: the same request gets the same answer, ids and times included, however often it comes. */
  readonly id?: string;
  /** `[gzip=1]`: the answer is compressed when the request accepts it. */
  readonly gzip: boolean;
  /** `[delay=5]`: milliseconds between two chunks of a stream, or before a plain answer. */
  readonly delayMs: number;
}

const MARKER = /\[(tenant|user|feature|fault|delay|id|gzip)=([^\]\s]{1,100})\]/g;

/** Longest pause a marker can ask for, so that a typing error does not hang a test. */
const MAX_DELAY_MS = 10_000;

/** Reads the markers of a request body; the first of a name wins. */
export function readPromptMarkers(body: unknown): PromptMarkers {
  const found = new Map<string, string>();
  for (const text of walkStrings(body)) {
    for (const [, name, value] of text.matchAll(MARKER)) {
      if (name !== undefined && value !== undefined && !found.has(name)) found.set(name, value);
    }
  }
  const { delay, gzip, ...hints } = Object.fromEntries(found);
  return {
    ...hints,
    gzip: gzip === "1",
    delayMs: Math.min(Math.max(Number(delay ?? 0) || 0, 0), MAX_DELAY_MS),
  };
}
