import { SECONDS_SCALE } from "../check-usage.ts";
import { formatDecimal, parseDecimal } from "../decimal.ts";
import type { Usage } from "../usage.ts";
import type { AttributeAccess } from "./attribute-access.ts";
import type { Source, UsageSources } from "./dialect.ts";

/** What a producer's totals leave out. */
export interface Exclusions {
  readonly inputExcludesCache: boolean;
  readonly outputExcludesReasoning: boolean;
  /** Whether the model reasons as a rule, so that an output without its reasoning is far from what was billed. */
  readonly modelReasons: boolean;
}

/** Most seconds that one call can have, about thirty years: what is above is another unit. */
const MAX_SECONDS = 1e9;

/** A span's figures as they stand on it, by what they are; `null` where it has none. */
export type Figures = { readonly [name in keyof Required<UsageSources>]: number | null };

/** Takes the figures from where a dialect says they stand. */
export function takeFigures(access: AttributeAccess, sources: UsageSources): Figures {
  return mapSources(sources, (of) => access.firstCount(of));
}

/** The sources that `takeFigures` takes them from. */
export function findFigures(
  access: AttributeAccess,
  sources: UsageSources,
): { readonly [name in keyof Figures]: Source | null } {
  return mapSources(sources, (of) => access.sourceOfCount(of));
}

/** Written out: this runs for every call. */
function mapSources<T>(
  sources: UsageSources,
  map: (of: readonly Source[] | undefined) => T,
): { [name in keyof Figures]: T } {
  return {
    input: map(sources.input),
    output: map(sources.output),
    uncachedInput: map(sources.uncachedInput),
    textOutput: map(sources.textOutput),
    cacheRead: map(sources.cacheRead),
    cacheWrite: map(sources.cacheWrite),
    cacheWrite5m: map(sources.cacheWrite5m),
    cacheWrite1h: map(sources.cacheWrite1h),
    reasoning: map(sources.reasoning),
    audioIn: map(sources.audioIn),
    audioOut: map(sources.audioOut),
    imageIn: map(sources.imageIn),
    imageOut: map(sources.imageOut),
    images: map(sources.images),
    audioSeconds: map(sources.audioSeconds),
    videoSeconds: map(sources.videoSeconds),
    characters: map(sources.characters),
    webSearchRequests: map(sources.webSearchRequests),
  };
}

/** Brings a span's figures to the canonical meaning: totals with their parts. */
export function toUsage(figures: Figures, exclusions: Exclusions): Usage {
  const { cacheRead, cacheWrite1h, reasoning, audioIn, audioOut } = figures;
  const cacheWrite5m = cacheWriteFor5m(figures);
  const cached = (cacheRead ?? 0) + (cacheWrite5m ?? 0) + (cacheWrite1h ?? 0);
  return {
    input: totalInput(figures, cached, exclusions),
    cacheRead,
    cacheWrite5m,
    cacheWrite1h,
    output: totalOutput(figures, exclusions),
    reasoning,
    audioIn,
    audioOut,
    imageIn: figures.imageIn,
    imageOut: figures.imageOut,
    images: figures.images,
    audioSeconds: toSeconds(figures.audioSeconds),
    videoSeconds: toSeconds(figures.videoSeconds),
    characters: figures.characters,
    webSearchRequests: figures.webSearchRequests,
  };
}

function totalInput({ uncachedInput, input, audioIn }: Figures, cached: number, exclusions: Exclusions): number | null {
  if (uncachedInput !== null) return uncachedInput + cached + (audioIn ?? 0);
  if (input === null) return null;
  return exclusions.inputExcludesCache ? input + cached : input;
}

function totalOutput({ textOutput, output, reasoning, audioOut }: Figures, exclusions: Exclusions): number | null {
  if (textOutput !== null) return textOutput + (reasoning ?? 0) + (audioOut ?? 0);
  if (output === null || !exclusions.outputExcludesReasoning) return output;
  return reasoning === null && exclusions.modelReasons ? null : output + (reasoning ?? 0);
}

/** Seconds as the decimal that a usage has; what cannot be one is passed on as it is, so that it is rejected visibly. */
function toSeconds(seconds: number | null): string | null {
  if (seconds === null) return null;
  if (seconds > MAX_SECONDS) return "Infinity";
  const scaled = seconds >= 0 ? parseDecimal(seconds.toFixed(SECONDS_SCALE), SECONDS_SCALE) : null;
  return scaled === null ? String(seconds) : formatDecimal(scaled, SECONDS_SCALE);
}

/** Whether the reported cache reads and writes are more than the reported input. */
export function cacheExceedsInput(figures: Figures): boolean {
  const { input, cacheRead, cacheWrite1h } = figures;
  return input !== null && (cacheRead ?? 0) + (cacheWriteFor5m(figures) ?? 0) + (cacheWrite1h ?? 0) > input;
}

/** A sum without durations counts as five minutes, the provider's default. */
function cacheWriteFor5m({ cacheWrite, cacheWrite5m, cacheWrite1h }: Figures): number | null {
  if (cacheWrite5m !== null) return cacheWrite5m;
  return cacheWrite === null ? null : cacheWrite - (cacheWrite1h ?? 0);
}
