import type { NumberedText } from "@spancost/clickhouse";
import type { TokenCounts } from "@spancost/core";
import { priceCard, type Pricer, type ResolvedRate } from "@spancost/rates";
import type { CallShape } from "@spancost/core";
import type { TextNumbers } from "./known-origin.ts";

/** What calls of one shape cost in one minute, and the texts that say so. */
export interface CallRate {
  readonly minute: number;
  /** `null`: there is no price. */
  readonly rate: ResolvedRate | null;
  readonly provider: NumberedText;
  readonly model: NumberedText;
  readonly rate_version: NumberedText;
  readonly cost_status: NumberedText;
  readonly cost_reason: NumberedText;
}

/** Prices change at whole minutes. */
export const MINUTE_MS = 60_000;

/** Finds what calls of a shape cost, as `priceColumns` says it. */
export function findCallRate({ reading }: CallShape, minute: number, pricer: Pricer, numbers: TextNumbers): CallRate {
  const resolution = pricer.resolveCall(reading, minute * MINUTE_MS);
  const text = (value: string) => numbers.numberOf(value);
  if (!resolution.ok) {
    return {
      minute,
      rate: null,
      provider: text(reading.provider),
      model: text(reading.modelReported || reading.modelRequested),
      rate_version: text(""),
      cost_status: text("unpriced"),
      cost_reason: text(resolution.reason),
    };
  }
  const { rate } = resolution;
  return {
    minute,
    rate,
    provider: text(rate.provider),
    model: text(rate.model),
    rate_version: text(rate.version),
    cost_status: text(rate.inferred ? "inferred" : "priced"),
    cost_reason: text(""),
  };
}

/** The price of tokens in 1e-12 USD, by list and as paid; `false` where only the slow way can tell. */
export function priceAtRate(rate: ResolvedRate, counts: TokenCounts, into: { list: number; cost: number }): boolean {
  const list = priceCard(counts, rate);
  const cost = rate.contract === undefined ? list : priceCard(counts, rate.contract);
  if (list === null || cost === null) return false;
  into.list = list;
  into.cost = cost;
  return true;
}
