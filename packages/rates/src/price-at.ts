import { type CostLine, priceUsage, type UnitPrices, type Usage } from "@spancost/core";
import type { PricedCall, RateResolution } from "./priced-call.ts";
import type { CardPrices } from "./rate-card.ts";

/** Prices a usage that was checked at a rate that was found, or says why there is no price. */
export function priceAt(resolution: RateResolution, usage: Usage): PricedCall {
  if (!resolution.ok) return { outcome: "unpriced", reason: resolution.reason, nearest: resolution.nearest };
  const { rate } = resolution;
  const inputTokens = usage.input ?? 0;
  const list = priceUsage(usage, pickPrices(rate, inputTokens));
  if (!list.ok) return { outcome: "unpriced", reason: `${list.reason}: ${list.bucket}` };
  if (rate.contract === undefined) return toPriced(rate, list.picoUsd, list.picoUsd, list.lines);
  const cost = priceUsage(usage, pickPrices(rate.contract, inputTokens));
  return cost.ok
    ? toPriced(rate, cost.picoUsd, list.picoUsd, cost.lines)
    : { outcome: "unpriced", reason: `${cost.reason}: ${cost.bucket}` };
}

function toPriced(
  rate: (RateResolution & { ok: true })["rate"],
  costPicoUsd: bigint,
  listPicoUsd: bigint,
  lines: readonly CostLine[],
): PricedCall {
  return {
    outcome: "priced",
    costPicoUsd,
    listPicoUsd,
    inferred: rate.inferred,
    provided: false,
    rate: rate.label,
    lines,
  };
}

/** The prices for a prompt's length: those of the highest threshold that it exceeds, the base price at the threshold itself. */
function pickPrices({ prices, contextTiers }: CardPrices, inputTokens: number): UnitPrices {
  let picked = prices;
  for (const tier of contextTiers) if (inputTokens > tier.aboveInputTokens) picked = tier.prices;
  return picked;
}
