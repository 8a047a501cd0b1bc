import { parseDecimal } from "@spancost/core";
import type { ModelEntry, PriceTable } from "./catalog-format.ts";
import { readProviderName } from "./provider-names.ts";
import { type CardPrices, parsePrices, scaleCard } from "./rate-card.ts";

/** What an operator's own name for a model means: an Azure deployment, a Bedrock application profile, a self-hosted model. */
export interface ModelMapping {
  /** Provider as spans name it; absent: any. */
  readonly provider?: string;
  /** The name in spans, exactly but for case. */
  readonly model: string;
  /** The catalogue's model that it is billed as. */
  readonly to?: { readonly provider: string; readonly model: string };
  /** Or prices of its own, in USD per million tokens (see `PriceTable`). */
  readonly prices?: PriceTable;
}

/** What an operator has agreed with a provider. It changes the cost, never the list price. */
export interface Contract {
  /** Shown as the version of the cost, so that a report can say which contract applied. */
  readonly name: string;
  readonly provider: string;
  /** Only calls of this account (`spancost.provider_account` on the span or its resource). @default every account */
  readonly account?: string;
  /** Catalogue ids, or prefixes that end in `*`. @default every model of the provider */
  readonly models?: readonly string[];
  /** First moment (ISO date or time, UTC). @default since ever */
  readonly from?: string;
  /** First moment that it no longer covers. @default for ever */
  readonly to?: string;
  /** Per cent off the list price, a decimal with up to four places such as "12.5". */
  readonly discountPercent?: string;
  /** Or prices instead of the list's; buckets that are absent keep the list price. */
  readonly prices?: PriceTable;
}

/** A contract, compiled. */
export interface ContractRule {
  readonly name: string;
  covers(provider: string, account: string, model: string, timeUnixMs: number): boolean;
  /** The contract's prices; the same object for the same card. */
  apply(card: CardPrices): CardPrices;
}

const PERCENT_SCALE = 4;
const WHOLE_PERCENT = 100n * 10n ** BigInt(PERCENT_SCALE);

/**
 * Compiles a contract.
 * @throws {RangeError} when the discount is not between 0 and 100, a date cannot be read, or there is neither discount nor prices
 */
export function compileContract(contract: Contract): ContractRule {
  const change = compileChange(contract);
  const provider = toProviderId(contract.provider);
  const fromMs = parseMoment(contract.from, Number.NEGATIVE_INFINITY);
  const toMs = parseMoment(contract.to, Number.POSITIVE_INFINITY);
  const cards = new WeakMap<CardPrices, CardPrices>();
  return {
    name: contract.name,
    covers: (id, account, model, timeUnixMs) =>
      id === provider &&
      (contract.account === undefined || contract.account === account) &&
      timeUnixMs >= fromMs &&
      timeUnixMs < toMs &&
      isNamed(contract.models, model),
    apply(card) {
      const known = cards.get(card) ?? change(card);
      cards.set(card, known);
      return known;
    },
  };
}

function compileChange({ name, discountPercent, prices }: Contract): (card: CardPrices) => CardPrices {
  if (prices !== undefined) {
    const own = parsePrices(prices);
    return (card) => ({ prices: { ...card.prices, ...own }, contextTiers: [] });
  }
  const percent = discountPercent === undefined ? null : parseDecimal(discountPercent, PERCENT_SCALE);
  if (percent === null || percent < 0n || percent > WHOLE_PERCENT)
    throw new RangeError(
      `Contract "${name}": "${discountPercent}" is no discount; expected "0" to "100" per cent, or prices.`,
    );
  const factor = (WHOLE_PERCENT - percent).toString().padStart(7, "0");
  return (card) => scaleCard(card, `${factor.slice(0, -6)}.${factor.slice(-6)}`);
}

function parseMoment(text: string | undefined, absent: number): number {
  if (text === undefined) return absent;
  const moment = Date.parse(text);
  if (Number.isNaN(moment)) throw new RangeError(`"${text}" is no date; expected one like "2026-01-31".`);
  return moment;
}

function isNamed(names: readonly string[] | undefined, model: string): boolean {
  if (names === undefined) return true;
  return names.some((name) => (name.endsWith("*") ? model.startsWith(name.slice(0, -1)) : name === model));
}

/** Finds an operator's mapping for names in a span. */
export type FindMapping = (provider: string, model: string) => ModelMapping | undefined;

/** Indexes an operator's mappings; one with a provider goes before one without. */
export function indexMappings(mappings: readonly ModelMapping[]): FindMapping {
  const byName = new Map(mappings.map((mapping) => [toKey(mapping.provider, mapping.model), mapping]));
  return (provider, model) => byName.get(toKey(provider, model)) ?? byName.get(toKey(undefined, model));
}

/** A mapped model with prices of its own, as a catalogue entry. */
export function toOwnModel({ model, prices = {} }: ModelMapping): ModelEntry {
  return { id: model, rates: [{ prices, source: -1 }] };
}

function toKey(provider: string | undefined, model: string): string {
  return `${provider === undefined ? "*" : toProviderId(provider)}\n${model.trim().toLowerCase()}`;
}

function toProviderId(name: string): string {
  const reading = readProviderName(name);
  return reading.kind === "known" ? reading.provider : name.trim().toLowerCase();
}
