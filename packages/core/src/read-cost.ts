import { SPANCOST } from "./attribute-names.ts";
import { divideHalfUp, parseDecimal } from "./decimal.ts";
import { MONEY_SCALE } from "./price-usage.ts";
import type { SpanAttributes } from "./span-facts.ts";

/** Why a recorded cost cannot be counted. */
export type CostIssue = "no-amount" | "bad-amount" | "negative-amount" | "amount-too-large" | "bad-units";

/** A cost that is no LLM call's: a vector database, a search, speech. */
export interface CostReading {
  /** What cost it, such as `pinecone`. */
  readonly kind: string;
  /** In 1e-12 USD, or why it is not known. */
  readonly amount: { readonly ok: true; readonly picoUsd: bigint } | { readonly ok: false; readonly issue: CostIssue };
}

/** The kind of calls of LLMs, which no other cost can have. */
export const LLM_COST_KIND = "llm";

const MAX_KIND_LENGTH = 64;
/** Most that one record can say, in 1e-12 USD (a billion USD): what is above is a mistake of units. */
const MAX_PICO_USD = 10n ** 21n;
/** Decimal places of units and unit prices that are read; finer ones are refused, not rounded. */
const FACTOR_SCALE = 18;

/** Reads a span as a recorded cost; `null` when it is none. Pure; never throws for any attribute values. */
export function readCost({ attributes }: SpanAttributes): CostReading | null {
  const kind = attributes[SPANCOST.costKind];
  if (typeof kind !== "string" || kind === "" || kind === LLM_COST_KIND) return null;
  return { kind: kind.slice(0, MAX_KIND_LENGTH), amount: readAmount({ attributes }) };
}

/** Reads the key that names a span's cost or call for good, or "". */
export function readKey({ attributes }: SpanAttributes): string {
  const key = attributes[SPANCOST.key];
  return typeof key === "string" ? key : "";
}

function readAmount({ attributes }: SpanAttributes): CostReading["amount"] {
  const amount = attributes[SPANCOST.costAmount];
  if (amount !== undefined) return check(parse(amount, MONEY_SCALE), "bad-amount");
  const units = attributes[SPANCOST.costUnits];
  const unitPrice = attributes[SPANCOST.costUnitPrice];
  if (units === undefined || unitPrice === undefined) return { ok: false, issue: "no-amount" };
  const [count, price] = [parse(units, FACTOR_SCALE), parse(unitPrice, FACTOR_SCALE)];
  if (count === null || price === null) return { ok: false, issue: "bad-units" };
  const product = count * price;
  return product < 0n ? { ok: false, issue: "negative-amount" } : check(toMoney(product), "bad-units");
}

function toMoney(product: bigint): bigint {
  return divideHalfUp(product, 10n ** BigInt(2 * FACTOR_SCALE - MONEY_SCALE));
}

/** Integers and doubles are taken as the decimal that their author wrote. */
function parse(value: unknown, scale: number): bigint | null {
  const isNumber = typeof value === "bigint" || (typeof value === "number" && Number.isFinite(value));
  return isNumber || typeof value === "string" ? parseDecimal(String(value), scale) : null;
}

function check(picoUsd: bigint | null, unreadable: CostIssue): CostReading["amount"] {
  if (picoUsd === null) return { ok: false, issue: unreadable };
  if (picoUsd < 0n) return { ok: false, issue: "negative-amount" };
  return picoUsd > MAX_PICO_USD ? { ok: false, issue: "amount-too-large" } : { ok: true, picoUsd };
}
