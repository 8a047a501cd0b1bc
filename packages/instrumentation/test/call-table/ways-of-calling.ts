/** The ways in which apps call an LLM, in the order of the table. */
export const WAYS_OF_CALLING = [
  "plain",
  "streamToEnd",
  "earlyBreak",
  "abort",
  "dropped",
  "unconsumed",
  "structured",
  "rawResponse",
  "toolTurns",
  "retried",
  "failed",
] as const;

export type WayOfCalling = (typeof WAYS_OF_CALLING)[number];

/** How each way begins a sentence about it. */
export const SUBJECTS: Readonly<Record<WayOfCalling, string>> = {
  plain: "a plain call",
  streamToEnd: "a stream read to its end",
  earlyBreak: "an early break",
  abort: "an abort",
  dropped: "a dropped connection",
  unconsumed: "a stream that nobody reads",
  structured: "structured output",
  rawResponse: "a raw response",
  toolTurns: "a tool call in two turns",
  retried: "a 429 and its retry",
  failed: "a 500",
};

/** Milliseconds between two chunks: long enough that each reaches the app alone. */
const PACE = "[delay=15]";

/** Compressed, as providers' edges answer. */
const COMPRESSED = "[gzip=1]";

/** Markers that make the simulator answer as the way needs it. `key` is the call's own. */
export function toMarkers(way: WayOfCalling, key: string): string {
  const steering: Partial<Record<WayOfCalling, string>> = {
    earlyBreak: PACE,
    abort: PACE,
    dropped: `${PACE} [fault=drop]`,
    plain: COMPRESSED,
    rawResponse: COMPRESSED,
    toolTurns: COMPRESSED,
    retried: `[fault=429-once:${key}]`,
    failed: "[fault=500]",
  };
  return `[id=${key}] ${steering[way] ?? ""}`.trim();
}
