import { GEN_AI, SPANCOST } from "../attribute-names.ts";
import type { TokenCounts } from "../price-usage.ts";
import { SPANCOST_DIALECT } from "./conventions.ts";
import type { Source } from "./dialect.ts";
import { INFERENCE_OPERATIONS } from "./shared.ts";

/** A text call of our own instrumentation: what its price depends on. Names as they stand on the span. */
export interface PlainCall extends TokenCounts {
  readonly provider: string;
  readonly modelRequested: string;
  readonly modelReported: string;
  readonly serviceTier: string;
  readonly inferenceRegion: string;
}

const SPACE = 0x20;
const FIRST_BEYOND_ASCII = 0x80;
const CALLS: ReadonlySet<unknown> = new Set(INFERENCE_OPERATIONS);
const { fields: FIELDS, usage: USAGE } = SPANCOST_DIALECT;
/** Producers' other names for a figure: the first name that is there counts, so these matter only where it is absent. */
const OTHER_TIERS = namesOf(FIELDS.serviceTier).slice(1);
const OTHER_CACHE_READS = namesOf(USAGE.cacheRead).slice(1);
const OTHER_CACHE_WRITES = namesOf(USAGE.cacheWrite).slice(1);
const OTHER_REASONING = namesOf(USAGE.reasoning).slice(1);
/** What is billed besides text tokens. */
const OTHER_PARTS = otherParts(USAGE);

/**
 * Reads the common form of a call of our own instrumentation (`SPANCOST_DIALECT`) without interpreting the dialect: in the app, a span's
 * end must cost next to nothing. `null` for anything else, which is no verdict: ask `readSpan`, with which a test compares this.
 */
export function readPlainCall(attributes: Readonly<Record<string, unknown>>): PlainCall | null {
  const provider = attributes[GEN_AI.providerName];
  const modelRequested = attributes[GEN_AI.requestModel];
  const input = attributes[GEN_AI.inputTokens];
  const output = attributes[GEN_AI.outputTokens];
  if (!isText(provider) || !isText(modelRequested) || typeof input !== "number" || typeof output !== "number")
    return null;
  if (!CALLS.has(attributes[GEN_AI.operationName]) || hasOtherParts(attributes)) return null;
  if (attributes[GEN_AI.costAmount] !== undefined) return null;
  const modelReported = attributes[GEN_AI.responseModel] ?? "";
  const serviceTier = attributes[SPANCOST.serviceTier] ?? "";
  const inferenceRegion = attributes[SPANCOST.inferenceRegion] ?? "";
  if (typeof modelReported !== "string" || typeof serviceTier !== "string" || typeof inferenceRegion !== "string")
    return null;
  if (!isText(serviceTier) && absent(attributes, OTHER_TIERS, "") === null) return null;
  const cacheRead = attributes[GEN_AI.cacheReadInputTokens] ?? absent(attributes, OTHER_CACHE_READS, 0);
  const cacheWrite = attributes[GEN_AI.cacheWriteInputTokens] ?? absent(attributes, OTHER_CACHE_WRITES, 0);
  const cacheWrite1h = attributes[SPANCOST.cacheWrite1hInputTokens] ?? 0;
  // A part without its sum: what the rest of the sum is, is for the dialect to say.
  if (cacheWrite1h !== 0 && (attributes[GEN_AI.cacheWriteInputTokens] ?? null) === null) return null;
  const reasoning = attributes[GEN_AI.reasoningOutputTokens] ?? absent(attributes, OTHER_REASONING, 0);
  if (typeof cacheRead !== "number" || typeof cacheWrite !== "number") return null;
  if (typeof cacheWrite1h !== "number" || typeof reasoning !== "number") return null;
  // NaN is how some producers say "unknown".
  if (Number.isNaN(input + output + cacheRead + cacheWrite + cacheWrite1h + reasoning)) return null;
  const cacheWrite5m = cacheWrite - cacheWrite1h;
  return {
    provider,
    modelRequested,
    modelReported,
    serviceTier,
    inferenceRegion,
    input,
    cacheRead,
    cacheWrite5m,
    cacheWrite1h,
    output,
    reasoning,
  };
}

/** Whether something is billed besides text tokens. */
function hasOtherParts(attributes: Readonly<Record<string, unknown>>): boolean {
  for (const name of OTHER_PARTS) if (attributes[name] !== undefined) return true;
  return false;
}

/** What stands for a figure that is absent, or `null` when another name may give it. */
function absent<T>(attributes: Readonly<Record<string, unknown>>, names: readonly string[], none: T): T | null {
  for (const name of names) if (attributes[name] !== undefined) return null;
  return none;
}

/** Text that is not blank, told by its first character; what begins with a rare one is left to the dialect. */
function isText(value: unknown): value is string {
  if (typeof value !== "string") return false;
  const initial = value.charCodeAt(0);
  return initial > SPACE && initial < FIRST_BEYOND_ASCII;
}

function namesOf(sources: readonly Source[] | undefined): readonly string[] {
  return (sources ?? []).filter((source) => typeof source === "string");
}

/** All names of figures that are none of the six that a plain call has: a new figure of the dialect is one of them by itself. */
function otherParts({
  input,
  output,
  cacheRead,
  cacheWrite,
  cacheWrite1h,
  reasoning,
  ...rest
}: typeof USAGE): string[] {
  void [input, output, cacheRead, cacheWrite, cacheWrite1h, reasoning];
  return Object.values(rest).flatMap(namesOf);
}
