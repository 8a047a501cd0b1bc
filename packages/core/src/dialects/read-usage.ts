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
