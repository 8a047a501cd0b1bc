import { findProviderByPrefix } from "../provider-names.ts";
import {
  guessKind,
  isRecord,
  type ListedPrice,
  type OpenTable,
  readNumber,
  readText,
  toDecimalString,
} from "./listed-price.ts";

/** Ids that stand for the long-context price of another id. */
const LENGTH_SUFFIX = /-(\d+)k$/;

/** Reads simonw/llm-prices: USD a million tokens, with some history; the price that is current counts here. */
export function readSimonw(list: unknown): ListedPrice[] {
  if (!isRecord(list)) return [];
  return Object.entries(list).flatMap(([vendor, entry]) => {
    const provider = findProviderByPrefix(vendor === "amazon" ? "bedrock" : vendor);
    const models = isRecord(entry) && Array.isArray(entry["models"]) ? entry["models"].filter(isRecord) : [];
    return provider === undefined ? [] : models.flatMap((model) => readModel(provider, model, models));
  });
}

function readModel(
  provider: string,
  entry: Readonly<Record<string, unknown>>,
  siblings: readonly Readonly<Record<string, unknown>>[],
): ListedPrice[] {
  const id = readText(entry, "id");
  const history = Array.isArray(entry["price_history"]) ? entry["price_history"].filter(isRecord) : [];
  const current = history.find((price) => price["to_date"] === null) ?? history[0];
  if (current === undefined) return [];
  const base = id.replace(LENGTH_SUFFIX, "");
  const isLong = base !== id && siblings.some((sibling) => sibling["id"] === base);
  const above = isLong ? Number(LENGTH_SUFFIX.exec(id)?.[1] ?? 0) * 1000 : 0;
  return [
    {
      list: "simonw",
      provider,
      model: isLong ? base : id,
      kind: guessKind(id),
      region: "",
      tier: "",
      above,
      prices: readTable(current),
    },
  ];
}

function readTable(price: Readonly<Record<string, unknown>>): OpenTable {
  const prices: OpenTable = {};
  const input = readNumber(price, "input");
  const output = readNumber(price, "output");
  const cached = readNumber(price, "input_cached");
  if (input !== undefined) prices.input = toDecimalString(input, 0);
  if (output !== undefined) prices.output = toDecimalString(output, 0);
  if (cached !== undefined) prices.cache_read = toDecimalString(cached, 0);
  return prices;
}
