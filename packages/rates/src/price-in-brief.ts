import { type PlainCall, priceTokens, type TokenCounts } from "@spancost/core";
import { getDefaultPricer } from "./pricer.ts";
import type { CardPrices } from "./rate-card.ts";

/** What a name costs, for as long as that cannot change. */
interface KnownPrice {
  readonly provider: string;
  readonly modelRequested: string;
  readonly serviceTier: string;
  readonly inferenceRegion: string;
  /** Minutes since the Unix epoch: prices change at whole minutes. */
  readonly minute: number;
  /** `null`: there is no price. */
  readonly card: CardPrices | null;
}

const MINUTE_MS = 60_000;
/** Bounds of what is remembered: names come from responses. */
const MAX_MODELS = 1_000;
const MAX_OF_ONE_MODEL = 20;
const known = new Map<string, KnownPrice[]>();

/**
 * The public catalogue's price of a text call in 1e-12 USD, as `priceCall` gives it but without its lines; a few hundred times a
 * second costs nothing. `null` is no verdict: ask `priceCall`.
 */
export function priceCallInBrief(call: PlainCall, timeUnixMs: number): number | null {
  const card = findCard(call, Math.floor(timeUnixMs / MINUTE_MS));
  return card === null ? null : priceCard(call, card);
}

/** What a text call costs at known prices, in 1e-12 USD; `null` is no verdict, as of `priceTokens`. */
export function priceCard(counts: TokenCounts, card: CardPrices): number | null {
  let { prices } = card;
  for (const tier of card.contextTiers) if (counts.input > tier.aboveInputTokens) prices = tier.prices;
  return priceTokens(counts, prices);
}

function findCard(call: PlainCall, minute: number): CardPrices | null {
  const { provider, modelRequested, serviceTier, inferenceRegion } = call;
  const ofModel = known.get(call.modelReported);
  if (ofModel !== undefined) {
    for (const price of ofModel) {
      if (
        price.minute === minute &&
        price.provider === provider &&
        price.modelRequested === modelRequested &&
        price.serviceTier === serviceTier &&
        price.inferenceRegion === inferenceRegion
      )
        return price.card;
    }
  }
  const card = resolveCard(call, minute);
  remember(call.modelReported, { provider, modelRequested, serviceTier, inferenceRegion, minute, card });
  return card;
}

function resolveCard(call: PlainCall, minute: number): CardPrices | null {
  const trimmed = {
    provider: call.provider.trim().toLowerCase(),
    providerAccount: "",
    serviceTier: call.serviceTier.trim().toLowerCase(),
    inferenceRegion: call.inferenceRegion.trim().toLowerCase(),
    modelReported: call.modelReported.trim(),
    modelRequested: call.modelRequested.trim(),
  };
  const resolution = getDefaultPricer().resolveCall(trimmed, minute * MINUTE_MS);
  return resolution.ok ? resolution.rate : null;
}

/** The newest first: a minute that has passed is hardly asked for again. */
function remember(model: string, price: KnownPrice): void {
  if (known.size >= MAX_MODELS) known.clear();
  known.set(model, [price, ...(known.get(model) ?? []).slice(0, MAX_OF_ONE_MODEL - 1)]);
}
