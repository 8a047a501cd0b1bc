import { SECONDS_SCALE } from "../check-usage.ts";
import { formatDecimal, parseDecimal } from "../decimal.ts";
import type { Usage } from "../usage.ts";
import { UNKNOWN_USAGE } from "../usage.ts";
import type { AttributeAccess } from "./attribute-access.ts";
import type { UsageSources } from "./dialect.ts";

/** What a producer's totals leave out. */
export interface Exclusions {
  readonly inputExcludesCache: boolean;
  readonly outputExcludesReasoning: boolean;
  /** Whether the model reasons as a rule, so that an output without its reasoning is far from what was billed. */
  readonly modelReasons: boolean;
}

/** Most seconds that one call can have, about thirty years: what is above is another unit. */
const MAX_SECONDS = 1e9;

/** Reads the buckets of a span and brings the totals to the canonical meaning: with their parts. */
export function readUsage(access: AttributeAccess, sources: UsageSources, exclusions: Exclusions): Usage {
  const cacheRead = access.firstCount(sources.cacheRead);
  const writes = readCacheWrites(access, sources);
  const reasoning = access.firstCount(sources.reasoning);
  const audioIn = access.firstCount(sources.audioIn);
  const audioOut = access.firstCount(sources.audioOut);
  const cached = (cacheRead ?? 0) + (writes.cacheWrite5m ?? 0) + (writes.cacheWrite1h ?? 0);
  const reported = access.firstCount(sources.input);
  const uncached = access.firstCount(sources.uncachedInput);
  const textOutput = access.firstCount(sources.textOutput);
  return {
    ...UNKNOWN_USAGE,
    ...writes,
    input: totalInput(),
    cacheRead,
    output: totalOutput(),
    reasoning,
    audioIn,
    audioOut,
    imageIn: access.firstCount(sources.imageIn),
    imageOut: access.firstCount(sources.imageOut),
    images: access.firstCount(sources.images),
    audioSeconds: toSeconds(access.firstCount(sources.audioSeconds)),
    videoSeconds: toSeconds(access.firstCount(sources.videoSeconds)),
    characters: access.firstCount(sources.characters),
    webSearchRequests: access.firstCount(sources.webSearchRequests),
  };

  function totalInput(): number | null {
    if (uncached !== null) return uncached + cached + (audioIn ?? 0);
    if (reported === null) return null;
    return exclusions.inputExcludesCache ? reported + cached : reported;
  }

  function totalOutput(): number | null {
    if (textOutput !== null) return textOutput + (reasoning ?? 0) + (audioOut ?? 0);
    const output = access.firstCount(sources.output);
    if (output === null || !exclusions.outputExcludesReasoning) return output;
    return reasoning === null && exclusions.modelReasons ? null : output + (reasoning ?? 0);
  }
}

/** Seconds as the decimal that a usage has; what cannot be one is passed on as it is, so that it is rejected visibly. */
function toSeconds(seconds: number | null): string | null {
  if (seconds === null) return null;
  if (seconds > MAX_SECONDS) return "Infinity";
  const scaled = seconds >= 0 ? parseDecimal(seconds.toFixed(SECONDS_SCALE), SECONDS_SCALE) : null;
  return scaled === null ? String(seconds) : formatDecimal(scaled, SECONDS_SCALE);
}

/** Whether the reported cache reads and writes are more than the reported input. */
export function cacheExceedsInput(access: AttributeAccess, sources: UsageSources): boolean {
  const input = access.firstCount(sources.input);
  const { cacheWrite5m, cacheWrite1h } = readCacheWrites(access, sources);
  return (
    input !== null && (access.firstCount(sources.cacheRead) ?? 0) + (cacheWrite5m ?? 0) + (cacheWrite1h ?? 0) > input
  );
}

/** Cache writes by duration. A sum without durations counts as five minutes, the provider's default. */
function readCacheWrites(access: AttributeAccess, sources: UsageSources): Pick<Usage, "cacheWrite5m" | "cacheWrite1h"> {
  const cacheWrite1h = access.firstCount(sources.cacheWrite1h);
  const cacheWrite5m = access.firstCount(sources.cacheWrite5m);
  if (cacheWrite5m !== null) return { cacheWrite5m, cacheWrite1h };
  const sum = access.firstCount(sources.cacheWrite);
  return { cacheWrite5m: sum === null ? null : sum - (cacheWrite1h ?? 0), cacheWrite1h };
}
