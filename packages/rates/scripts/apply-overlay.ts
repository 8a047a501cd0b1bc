import { formatDecimal, parseDecimal } from "@spancost/core";
import type { ContextEntry, PriceTable, RateEntry } from "../src/catalog-format.ts";

/** A rate whose source is still a text. */
export type DraftRate = Omit<RateEntry, "source"> & { source: string };

/** A model being compiled. */
export interface DraftModel {
  id: string;
  aliases: string[];
  rates: DraftRate[];
}

/** Models by id, by provider. */
export type Drafts = Map<string, Map<string, DraftModel>>;

type OverlayRate = Omit<RateEntry, "source">;
/** Parts of a rate; `null` takes a part away. */
type Patch = { readonly [key: string]: unknown };

/** One of our own data files; the README explains the keys. */
export interface OverlayFile {
  readonly provider: string;
  readonly readOn: string;
  readonly source: string;
  readonly rules?: readonly OverlayRule[];
  readonly copyDated?: readonly string[];
  readonly models?: readonly OverlayModel[];
  readonly remove?: readonly string[];
}

/** Something true of all models whose id matches. */
export interface OverlayRule {
  readonly match: string;
  readonly fill?: Patch;
  readonly patch?: Patch;
  readonly set?: Patch;
  readonly cacheMultipliers?: boolean;
}

/** What we know of one model beyond the lists. */
export interface OverlayModel {
  readonly id: string;
  readonly aliases?: readonly string[];
  readonly rates?: readonly OverlayRate[];
  readonly like?: string;
  readonly patch?: Patch;
  readonly set?: Patch;
  readonly currentFrom?: string;
  readonly before?: readonly OverlayRate[];
  readonly after?: readonly OverlayRate[];
}

/** Applies one overlay file to the drafts of its provider. */
export function applyOverlay(drafts: Drafts, overlay: OverlayFile): void {
  const models = drafts.get(overlay.provider) ?? new Map<string, DraftModel>();
  drafts.set(overlay.provider, models);
  const source = `${overlay.source}, ${overlay.readOn}`;
  for (const name of overlay.remove ?? []) removeNames(models, name);
  for (const path of overlay.copyDated ?? []) copyModel(drafts, models, path);
  for (const model of overlay.models ?? []) applyModel(models, model, source);
  for (const rule of overlay.rules ?? []) applyRule(models, rule);
}

function removeNames(models: Map<string, DraftModel>, name: string): void {
  const isMeant = name.endsWith("*")
    ? (other: string): boolean => other.startsWith(name.slice(0, -1))
    : (other: string): boolean => other === name;
  for (const [id, model] of models) {
    const [first, ...rest] = [id, ...model.aliases].filter((other) => !isMeant(other));
    if (first === id && rest.length === model.aliases.length) continue;
    models.delete(id);
    if (first !== undefined) models.set(first, { id: first, aliases: rest, rates: model.rates });
  }
}

function copyModel(drafts: Drafts, models: Map<string, DraftModel>, path: string): void {
  const [provider = "", id = ""] = path.split("/");
  const original = drafts.get(provider)?.get(id);
  if (original === undefined) throw new Error(`There is no ${path} to copy.`);
  const copy = { id, aliases: [], rates: structuredClone(original.rates) };
  models.set(id, copy);
  for (const alias of original.aliases) claimName(models, copy, alias);
}

/** Gives a model a name, taking it from whoever had it. */
function claimName(models: Map<string, DraftModel>, owner: DraftModel, name: string): void {
  const other = models.get(name);
  if (other !== undefined && other !== owner) {
    models.delete(name);
    owner.aliases.push(...other.aliases);
  }
  for (const model of models.values())
    if (model !== owner) model.aliases = model.aliases.filter((alias) => alias !== name);
  if (name !== owner.id) owner.aliases.push(name);
}

function applyModel(models: Map<string, DraftModel>, overlay: OverlayModel, source: string): void {
  const draft = findDraft(models, overlay);
  if (isDated(overlay)) splitAliases(models, draft, overlay.aliases ?? []);
  claimName(models, draft, overlay.id);
  for (const alias of overlay.aliases ?? []) claimName(models, draft, alias);
  const toDraft = (rate: OverlayRate): DraftRate => ({ ...structuredClone(rate), source });
  if (overlay.rates !== undefined) draft.rates = overlay.rates.map(toDraft);
  if (overlay.patch !== undefined) draft.rates = draft.rates.map((rate) => merge(rate, overlay.patch ?? {}, "patch"));
  if (overlay.set !== undefined) draft.rates = draft.rates.map((rate) => ({ ...rate, ...overlay.set }));
  const { currentFrom } = overlay;
  if (currentFrom !== undefined) draft.rates = draft.rates.map((rate) => ({ ...rate, from: currentFrom }));
  draft.rates = [...(overlay.before ?? []).map(toDraft), ...draft.rates, ...(overlay.after ?? []).map(toDraft)];
  if (draft.rates.length === 0) throw new Error(`${overlay.id} has no rates.`);
}

function isDated({ rates = [], before = [], after = [] }: OverlayModel): boolean {
  return rates.length > 0 || before.length > 0 || after.length > 0;
}

/** A snapshot has its own history: what an alias that moved from snapshot to snapshot cost says nothing about it. */
function splitAliases(models: Map<string, DraftModel>, draft: DraftModel, kept: readonly string[]): void {
  for (const alias of draft.aliases.filter((name) => !kept.includes(name)))
    models.set(alias, { id: alias, aliases: [], rates: structuredClone(draft.rates) });
  draft.aliases = draft.aliases.filter((name) => kept.includes(name));
}

function findDraft(models: Map<string, DraftModel>, { id, like, rates }: OverlayModel): DraftModel {
  const own = models.get(id) ?? [...models.values()].find((model) => model.aliases.includes(id));
  if (own !== undefined && own.id === id) return own;
  const template = like === undefined ? own : models.get(like);
  if (template === undefined && rates === undefined) throw new Error(`${id} is in no list; its overlay needs rates.`);
  const draft = { id, aliases: [], rates: structuredClone(template?.rates ?? []) };
  models.set(id, draft);
  return draft;
}

function applyRule(models: Map<string, DraftModel>, rule: OverlayRule): void {
  const pattern = new RegExp(rule.match);
  for (const model of models.values()) {
    if (!pattern.test(model.id)) continue;
    for (const [index, rate] of model.rates.entries()) {
      let next = rate;
      if (rule.fill !== undefined) next = merge(next, rule.fill, "fill");
      if (rule.patch !== undefined) next = merge(next, rule.patch, "patch");
      if (rule.set !== undefined) next = { ...next, ...rule.set };
      model.rates[index] = rule.cacheMultipliers === true ? withCacheMultipliers(next) : next;
    }
  }
}

/** Lays a patch over a rate, key by key; `fill` keeps what is there (whole entries of tiers and context). */
function merge(rate: DraftRate, patch: Patch, mode: "fill" | "patch"): DraftRate {
  const merged: Record<string, unknown> = { ...rate };
  for (const [key, value] of Object.entries(patch)) {
    const own = merged[key];
    if (value === null) delete merged[key];
    else if (Array.isArray(value) || typeof value !== "object")
      merged[key] = mode === "fill" && own !== undefined ? own : value;
    else merged[key] = mergeEntries(own, value, mode);
  }
  return merged as unknown as DraftRate;
}

function mergeEntries(own: unknown, value: object, mode: "fill" | "patch"): object {
  const present = typeof own === "object" && own !== null ? own : {};
  const merged: Record<string, unknown> = mode === "fill" ? { ...value, ...present } : { ...present, ...value };
  for (const [key, entry] of Object.entries(merged)) if (entry === null) delete merged[key];
  return merged;
}

/** Anthropic's published multiples of the input price, where a list does not state the price: 1.25 and 2 for writes, 0.1 for reads. */
function withCacheMultipliers(rate: DraftRate): DraftRate {
  const context = rate.context?.map((entry: ContextEntry) => ({ ...entry, prices: multiplyCaches(entry.prices) }));
  return { ...rate, prices: multiplyCaches(rate.prices), ...(context ? { context } : {}) };
}

function multiplyCaches(prices: PriceTable): PriceTable {
  if (prices.input === undefined) return prices;
  return {
    ...prices,
    cache_write_5m: prices.cache_write_5m ?? times(prices.input, 125n),
    cache_write_1h: times(prices.input, 200n),
    cache_read: prices.cache_read ?? times(prices.input, 10n),
  };
}

function times(price: string, percent: bigint): string {
  const scaled = parseDecimal(price, 12);
  if (scaled === null) throw new Error(`"${price}" is no price.`);
  return formatDecimal((scaled * percent) / 100n, 12);
}
