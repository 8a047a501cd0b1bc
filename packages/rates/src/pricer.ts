import { type CallReading, type CostLine, findUsageIssue, MONEY_SCALE, parseDecimal, priceUsage, type UnitPrices, type Usage } from "@spancost/core";
import { type Catalog, getDefaultCatalog } from "./catalog.ts";
import { findModel, type ModelMatch } from "./find-model.ts";
import { buildTimeline, type CardPrices, type CardSegment, findSegment, findWindow, type Timeline } from "./rate-card.ts";
import { readServiceTier } from "./service-tiers.ts";

/** Which price is asked for. */
export interface RateQuery {
  /** As the span names it: `openai`, `gcp.vertex_ai`, `aws.bedrock`, "" when it does not say. */
  readonly provider: string;
  readonly model: string;
  readonly timeUnixMs: number;
  /** The tier that was served, in the provider's word. */
  readonly serviceTier?: string;
  readonly inferenceRegion?: string;
}

/** The price list's name for what was called, and the dated entry that prices it. */
export interface RateLabel {
  readonly provider: string;
  readonly model: string;
  /** Names the dated entry, service tier and region: `2024-10-02`, `first:batch`. */
  readonly version: string;
  /** Whether provider, model or tier were concluded rather than named. */
  readonly inferred: boolean;
}

/** The price of a model at a moment. */
export interface ResolvedRate extends RateLabel, CardPrices {}

/** @see Pricer.resolve */
export type RateResolution =
  | { readonly ok: true; readonly rate: ResolvedRate }
  | { readonly ok: false; readonly reason: "unknown-provider" | "unknown-model" | "needs-mapping"; readonly nearest: readonly string[] };

/** What a call costs, or why that is not known. */
export type PricedCall =
  | {
      readonly outcome: "priced";
      /** What the operator pays, in 1e-12 USD. */
      readonly costPicoUsd: bigint;
      /** What the public price list asks, in 1e-12 USD. */
      readonly listPicoUsd: bigint;
      readonly inferred: boolean;
      /** Whether the cost is the provider's own figure. */
      readonly provided: boolean;
      readonly rate: RateLabel;
      readonly lines: readonly CostLine[];
    }
  | {
      readonly outcome: "unpriced" | "unknown_usage" | "rejected" | "not_billed";
      readonly reason: string;
      readonly nearest?: readonly string[];
    };

/** Resolves and prices calls. */
export interface Pricer {
  resolve(query: RateQuery): RateResolution;
  price(query: RateQuery & { readonly usage: Usage }): PricedCall;
  priceCall(reading: CallReading, timeUnixMs: number): PricedCall;
}

/** What an operator adds to the catalogue. */
export interface PricerOptions {
  readonly catalog?: Catalog;
}

interface Resolution {
  readonly match: ModelMatch;
  readonly timeline: Timeline;
  readonly rates: Map<CardSegment | CardPrices, ResolvedRate>;
}

/** Bound of the resolution cache: names come from spans, so anybody can invent them. */
const MAX_RESOLUTIONS = 10_000;

/** Creates a pricer; without options it knows the public catalogue only. */
export function createPricer(options: PricerOptions = {}): Pricer {
  const catalog = options.catalog ?? getDefaultCatalog();
  const cache = new Map<string, Resolution>();
  const find = (query: RateQuery): Resolution => {
    const key = `${query.provider}\n${query.model}\n${query.serviceTier ?? ""}\n${query.inferenceRegion ?? ""}`;
    const known = cache.get(key);
    if (known !== undefined) return known;
    const match = findModel(catalog, query.provider, query.model);
    const region = (query.inferenceRegion ?? "").trim().toLowerCase();
    const timeline = match.ok ? buildTimeline(match.model, readServiceTier(query.serviceTier ?? ""), region === "" ? match.region : region, match.list.tierFactors) : [];
    const resolution = { match, timeline, rates: new Map() };
    if (cache.size >= MAX_RESOLUTIONS) cache.clear();
    cache.set(key, resolution);
    return resolution;
  };
  const resolve = (query: RateQuery): RateResolution => toRate(find(query), query.timeUnixMs);
  const price: Pricer["price"] = ({ usage, ...query }) => {
    const issue = findUsageIssue(usage);
    return issue === null ? priceAt(resolve(query), usage) : { outcome: "rejected", reason: issue };
  };
  return { resolve, price, priceCall: (reading, timeUnixMs) => priceReading(reading, timeUnixMs, resolve) };
}

function toRate({ match, timeline, rates }: Resolution, timeUnixMs: number): RateResolution {
  if (!match.ok) return match;
  const segment = findSegment(timeline, timeUnixMs);
  if (segment === undefined) return { ok: false, reason: "unknown-model", nearest: [] };
  const window = findWindow(segment, timeUnixMs);
  const card = window?.card ?? segment.card;
  const known = rates.get(card);
  if (known !== undefined) return { ok: true, rate: known };
  const version = [segment.from, segment.variant, window?.name ?? ""].filter((part) => part !== "").join(":");
  const rate = { provider: match.list.id, model: match.model.id, version, inferred: match.inferred || segment.inferred, ...card };
  rates.set(card, rate);
  return { ok: true, rate };
}

function priceAt(resolution: RateResolution, usage: Usage): PricedCall {
  if (!resolution.ok) return { outcome: "unpriced", reason: resolution.reason, nearest: resolution.nearest };
  const { rate } = resolution;
  const cost = priceUsage(usage, pickContext(rate, usage.input ?? 0));
  if (!cost.ok) return { outcome: "unpriced", reason: `${cost.reason}: ${cost.bucket}` };
  const { provider, model, version, inferred } = rate;
  const label = { provider, model, version, inferred };
  return { outcome: "priced", costPicoUsd: cost.picoUsd, listPicoUsd: cost.picoUsd, inferred, provided: false, rate: label, lines: cost.lines };
}

/** The prices for a prompt's length: those of the highest threshold that it exceeds. */
function pickContext(card: CardPrices, inputTokens: number): UnitPrices {
  let prices = card.prices;
  for (const tier of card.contextTiers) if (inputTokens > tier.aboveInputTokens) prices = tier.prices;
  return prices;
}

function priceReading(reading: CallReading, timeUnixMs: number, resolve: (query: RateQuery) => RateResolution): PricedCall {
  if (reading.usageIssue !== null) return { outcome: "rejected", reason: reading.usageIssue };
  if (!reading.usageKnown && reading.providedUsd === null) {
    return reading.isError ? { outcome: "not_billed", reason: reading.errorType || "error" } : { outcome: "unknown_usage", reason: "no-usage" };
  }
  const resolution = resolveReading(reading, timeUnixMs, resolve);
  const provided = reading.providedUsd === null ? null : parseDecimal(reading.providedUsd, MONEY_SCALE);
  if (provided === null || provided < 0n) return priceAt(resolution, reading.usage);
  const listed = priceAt(resolution, reading.usage);
  const rate = listed.outcome === "priced" ? listed.rate : { provider: reading.provider, model: reading.modelReported || reading.modelRequested, version: "provided", inferred: false };
  return { outcome: "priced", costPicoUsd: provided, listPicoUsd: listed.outcome === "priced" ? listed.listPicoUsd : provided, inferred: false, provided: true, rate, lines: [] };
}

/** The reported model is what was billed; the requested one stands in where the span does not report, or reports an unknown name. */
function resolveReading(reading: CallReading, timeUnixMs: number, resolve: (query: RateQuery) => RateResolution): RateResolution {
  const { provider, serviceTier, inferenceRegion } = reading;
  const reported = resolve({ provider, model: reading.modelReported || reading.modelRequested, timeUnixMs, serviceTier, inferenceRegion });
  if (reported.ok || reading.modelReported === "" || reading.modelRequested === "") return reported;
  const requested = resolve({ provider, model: reading.modelRequested, timeUnixMs, serviceTier, inferenceRegion });
  return requested.ok ? { ok: true, rate: { ...requested.rate, inferred: true } } : reported;
}

let defaultPricer: Pricer | undefined;

/** Prices a call by the public catalogue alone. */
export function priceCall(reading: CallReading, timeUnixMs: number): PricedCall {
  defaultPricer ??= createPricer();
  return defaultPricer.priceCall(reading, timeUnixMs);
}
