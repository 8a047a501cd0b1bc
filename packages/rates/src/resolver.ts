import type { Catalog, ProviderCatalog } from "./catalog.ts";
import { findModel, type ModelMatch } from "./find-model.ts";
import { type ContractRule, type FindMapping, toOwnModel } from "./operator-rules.ts";
import type { RateQuery, RateResolution, ResolvedRate } from "./priced-call.ts";
import type { CardPrices } from "./rate-card.ts";
import { buildTimeline, type CardSegment, findSegment, findWindow, type Timeline } from "./timeline.ts";
import { readServiceTier } from "./service-tiers.ts";

interface Known {
  readonly provider: string;
  readonly serviceTier: string;
  readonly inferenceRegion: string;
  readonly match: ModelMatch;
  readonly timeline: Timeline;
  /** Rates by what they depend on: the prices in force, then the contract. */
  readonly rates: Map<CardPrices, Map<ContractRule | null, RateResolution>>;
}

/** Bound of the cache: names come from spans, so anybody can invent them. */
const MAX_KNOWN = 10_000;
/** Bound of what is compared for one model: providers, tiers and regions come from spans too. */
const MAX_OF_ONE_MODEL = 100;
const NO_FACTORS = {};

/** Creates the function that finds a price, remembering what it found. */
export function createResolver(
  catalog: Catalog,
  contracts: readonly ContractRule[],
  findMapping: FindMapping,
): (query: RateQuery) => RateResolution {
  const known = new Map<string, Known[]>();
  let size = 0;
  return (query) => {
    const { model } = query;
    const sameModel = known.get(model) ?? [];
    let found = sameModel.find((other) => isSameQuestion(other, query));
    if (found === undefined) {
      if (size >= MAX_KNOWN) known.clear();
      size = size >= MAX_KNOWN ? 1 : size + 1;
      found = lookUp(catalog, findMapping, query);
      known.set(model, sameModel.length >= MAX_OF_ONE_MODEL ? [found] : [...sameModel, found]);
    }
    return rateAt(found, contracts, query);
  };
}

function isSameQuestion(known: Known, { provider, serviceTier = "", inferenceRegion = "" }: RateQuery): boolean {
  return known.provider === provider && known.serviceTier === serviceTier && known.inferenceRegion === inferenceRegion;
}

function lookUp(catalog: Catalog, findMapping: FindMapping, query: RateQuery): Known {
  const { provider, model, serviceTier = "", inferenceRegion = "" } = query;
  const question = { provider, serviceTier, inferenceRegion, rates: new Map() };
  const match = matchModel(catalog, findMapping, provider, model);
  if (!match.ok) return { ...question, match, timeline: [] };
  // A region in the model's own name (`us.`, an ARN's) is what was called; the span's region is only where the caller stood.
  const region = match.region === "" ? inferenceRegion.trim().toLowerCase() : match.region;
  const tier = readServiceTier(serviceTier, match.list.id);
  return { ...question, match, timeline: buildTimeline(match.model, tier, region, match.list.tierFactors) };
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
  { account = "", timeUnixMs }: RateQuery,
): RateResolution {
  if (!match.ok) return match;
  const segment = findSegment(timeline, timeUnixMs);
  if (segment === undefined) return { ok: false, reason: "unknown-model", nearest: [] };
  const window = findWindow(segment, timeUnixMs);
  const card = window?.card ?? segment.card;
  const contract =
    contracts.length === 0
      ? null
      : (contracts.find((rule) => rule.covers(match.list.id, account, match.model.id, timeUnixMs)) ?? null);
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
