import type { NumberedText } from "@spancost/clickhouse";
import type { TokenCounts } from "@spancost/core";
import { priceCard, type Pricer, type RateResolution, type ResolvedRate } from "@spancost/rates";
import type { CallForm } from "./call-template.ts";
import type { TextNumbers } from "../known/known-origin.ts";

/** What calls of one form cost in one minute, and the texts that say so. */
export interface CallRate {
  readonly form: CallForm;
  readonly minute: number;
  /** `false`: a contract begins or ends within the minute, so each call has to be asked about. */
  readonly isSteady: boolean;
  /** `null`: there is no price. */
  readonly rate: ResolvedRate | null;
  /** In the order of `RATE_COLUMNS`. */
  readonly texts: readonly NumberedText[];
}

/** Columns that follow from the rate. */
export const RATE_COLUMNS = ["provider", "model", "rate_version", "cost_status", "cost_reason"] as const;
type RateTexts = { readonly [column in (typeof RATE_COLUMNS)[number]]: string };

/** The catalogue's prices change at whole minutes; contracts may not. */
const MINUTE_MS = 60_000;

/** Finds what calls of a form cost, as `priceColumns` says it. */
export function findCallRate(form: CallForm, minute: number, pricer: Pricer, numbers: TextNumbers): CallRate {
  const { reading } = form.shape;
  const resolution = pricer.resolveCall(reading, minute * MINUTE_MS);
  const isSteady = isSame(resolution, pricer.resolveCall(reading, (minute + 1) * MINUTE_MS - 1));
  const rate = resolution.ok ? resolution.rate : null;
  const texts: RateTexts = resolution.ok
    ? {
        provider: resolution.rate.provider,
        model: resolution.rate.model,
        rate_version: resolution.rate.version,
        cost_status: resolution.rate.inferred ? "inferred" : "priced",
        cost_reason: "",
      }
    : {
        provider: reading.provider,
        model: reading.modelReported || reading.modelRequested,
        rate_version: "",
        cost_status: "unpriced",
        cost_reason: resolution.reason,
      };
  return { form, minute, isSteady, rate, texts: RATE_COLUMNS.map((column) => numbers.numberOf(texts[column])) };
}

function isSame(first: RateResolution, last: RateResolution): boolean {
  if (!first.ok || !last.ok) return first.ok === last.ok;
  return first.rate.version === last.rate.version && first.rate.prices === last.rate.prices;
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
