import type { Catalog, ProviderCatalog } from "./catalog.ts";
import { findModel, type ModelMatch } from "./find-model.ts";
import { type ContractRule, type FindMapping, toOwnModel } from "./operator-rules.ts";
import type { RateQuery, RateResolution, ResolvedRate } from "./pricer.ts";
import {
  buildTimeline,
  type CardPrices,
  type CardSegment,
  findSegment,
  findWindow,
  type Timeline,
} from "./rate-card.ts";
import { readServiceTier } from "./service-tiers.ts";

interface Known {
  readonly match: ModelMatch;
  readonly timeline: Timeline;
  /** Rates by what they depend on: the prices in force, then the contract. */
  readonly rates: Map<CardPrices, Map<ContractRule | null, RateResolution>>;
}

/** Bound of the cache: names come from spans, so anybody can invent them. */
const MAX_KNOWN = 10_000;
const NO_FACTORS = {};

/** Creates the function that finds a price, remembering what it found. */
export function createResolver(
  catalog: Catalog,
  contracts: readonly ContractRule[],
  findMapping: FindMapping,
): (query: RateQuery) => RateResolution {
  let known = new Map<string, Known>();
  return (query) => {
    const { provider, model, serviceTier = "", inferenceRegion = "", timeUnixMs } = query;
    const key = `${model}\n${provider}\n${serviceTier}\n${inferenceRegion}`;
    let found = known.get(key);
    if (found === undefined) {
      if (known.size >= MAX_KNOWN) known = new Map();
      found = lookUp(catalog, findMapping, provider, model, serviceTier, inferenceRegion);
      known.set(key, found);
    }
    return rateAt(found, contracts, timeUnixMs);
  };
}

function lookUp(
  catalog: Catalog,
  findMapping: FindMapping,
  provider: string,
  model: string,
  serviceTier: string,
  inferenceRegion: string,
): Known {
  const match = matchModel(catalog, findMapping, provider, model);
  if (!match.ok) return { match, timeline: [], rates: new Map() };
  // A region in the model's own name (`us.`, an ARN's) is what was called; the span's region is only where the caller stood.
  const region = match.region === "" ? inferenceRegion.trim().toLowerCase() : match.region;
  const timeline = buildTimeline(
    match.model,
    readServiceTier(serviceTier, match.list.id),
    region,
    match.list.tierFactors,
  );
  return { match, timeline, rates: new Map() };
}

function matchModel(catalog: Catalog, findMapping: FindMapping, provider: string, model: string): ModelMatch {
  const mapping = findMapping(provider, model);
  if (mapping === undefined) return findModel(catalog, provider, model);
  if (mapping.to !== undefined) return findModel(catalog, mapping.to.provider, mapping.to.model);
  const list: ProviderCatalog = { id: provider, tierFactors: NO_FACTORS, models: [], findModel: () => undefined };
  return { ok: true, list, model: toOwnModel(mapping), region: "", inferred: false };
}

function rateAt(
  { match, timeline, rates }: Known,
  contracts: readonly ContractRule[],
  timeUnixMs: number,
): RateResolution {
  if (!match.ok) return match;
  const segment = findSegment(timeline, timeUnixMs);
  if (segment === undefined) return { ok: false, reason: "unknown-model", nearest: [] };
  const window = findWindow(segment, timeUnixMs);
  const card = window?.card ?? segment.card;
  const contract =
    contracts.length === 0
      ? null
      : (contracts.find((rule) => rule.covers(match.list.id, match.model.id, timeUnixMs)) ?? null);
  let byContract = rates.get(card);
  if (byContract === undefined) rates.set(card, (byContract = new Map()));
  let resolution = byContract.get(contract);
  if (resolution === undefined) {
    resolution = { ok: true, rate: toRate(match, segment, card, window?.name ?? "", contract) };
    byContract.set(contract, resolution);
  }
  return resolution;
}

function toRate(
  match: ModelMatch & { ok: true },
  segment: CardSegment,
  card: CardPrices,
  hours: string,
  contract: ContractRule | null,
): ResolvedRate {
  const version = [segment.from, segment.variant, hours, contract?.name ?? ""].filter((part) => part !== "").join(":");
  const { list, model } = match;
  const own = contract === null ? {} : { contract: { name: contract.name, ...contract.apply(card) } };
  const label = { provider: list.id, model: model.id, version, inferred: match.inferred || segment.inferred };
  return { ...label, label, verified: segment.verified, ...card, ...own };
}
