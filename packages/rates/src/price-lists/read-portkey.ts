import type { PriceBucket } from "@spancost/core";
import { findProviderByPrefix } from "../provider-names.ts";
import {
  guessKind,
  isRecord,
  type ListedPrice,
  type OpenTable,
  readNumber,
  readRecord,
  toDecimalString,
} from "./listed-price.ts";

const TOKEN_KEYS: Readonly<Record<string, PriceBucket>> = {
  request_token: "input",
  response_token: "output",
  cache_read_input_token: "cache_read",
  cache_write_input_token: "cache_write_5m",
  request_audio_token: "audio_in",
  response_audio_token: "audio_out",
  request_image_token: "image_in",
  response_image_token: "image_out",
  reasoning_token: "reasoning",
};
const MODES: Readonly<Record<string, string>> = {
  standard: "",
  batch: "batch",
  flex: "flex",
  priority: "priority",
  fast: "fast",
};
const PROVIDERS: Readonly<Record<string, string>> = { "claude-platform-aws": "" };
/** The list gives some transcription models cents a minute under the key for cents a token: no token costs that much. */
const MAX_CENTS_PER_TOKEN = 0.1;
/** Cents a token to USD a million tokens. */
const CENTS_EXPONENT = 4;
/** The list's suffix for a row that applies above a prompt length. */
const LENGTH_SUFFIX = /-(lte|gt)-(\d+)k$/;

/** Reads Portkey's list: cents a token, with regions, tiers and context lengths under `custom_pricing`. */
export function readPortkey(list: unknown): ListedPrice[] {
  if (!isRecord(list)) return [];
  return Object.entries(list).flatMap(([name, models]) => {
    const provider = PROVIDERS[name] ?? findProviderByPrefix(name);
    if (provider === undefined || provider === "" || !isRecord(models)) return [];
    return Object.entries(models).flatMap(([model, entry]) =>
      model !== "default" && isRecord(entry) ? readEntry(provider, model, entry) : [],
    );
  });
}

function readEntry(provider: string, listed: string, entry: Readonly<Record<string, unknown>>): ListedPrice[] {
  const [suffix, side, thousands] = LENGTH_SUFFIX.exec(listed) ?? [];
  const model = listed.replace(LENGTH_SUFFIX, "");
  const above = side === "gt" ? Number(thousands) * 1000 : 0;
  const row = (
    region: string,
    tier: string,
    from: number,
    config: Readonly<Record<string, unknown>>,
  ): ListedPrice[] => {
    const prices = readTable(config);
    return Object.keys(prices).length === 0
      ? []
      : [{ list: "portkey", provider, model, kind: guessKind(model), region, tier, above: from, prices }];
  };
  const config = readRecord(entry, "pricing_config");
  const plain = [
    ...row("", "", above, readRecord(config, "pay_as_you_go")),
    ...row("", "batch", above, readRecord(config, "batch_config")),
  ];
  const custom = readRegions(readRecord(readRecord(entry, "custom_pricing"), "regions")).flatMap(
    ({ region, tier, from, config: table }) => row(region, tier, from, table),
  );
  // The detailed part repeats the plain one; where both exist it is the maintained one.
  const detailed = new Set(custom.map((price) => `${price.region} ${price.tier} ${price.above}`));
  return suffix === undefined
    ? [...plain.filter((price) => !detailed.has(`${price.region} ${price.tier} ${price.above}`)), ...custom]
    : plain;
}

interface RegionRow {
  readonly region: string;
  readonly tier: string;
  readonly from: number;
  readonly config: Readonly<Record<string, unknown>>;
}

function readRegions(regions: Readonly<Record<string, unknown>>): RegionRow[] {
  const rows: RegionRow[] = [];
  for (const names of Object.keys(regions)) {
    const modes = readRecord(readRecord(regions, names), "execution_modes");
    for (const mode of Object.keys(modes)) {
      const tiers = readRecord(readRecord(modes, mode), "context_tiers");
      const tables: [number, Readonly<Record<string, unknown>>][] = Object.keys(tiers).map((key) => [
        readLength(key),
        readRecord(tiers, key),
      ]);
      if (tables.length === 0) tables.push([0, readRecord(modes, mode)]);
      for (const [from, table] of tables) {
        const config = readRecord(readRecord(table, "pricing_config"), "pay_as_you_go");
        for (const name of names.split(","))
          rows.push({ region: name === "default" ? "" : name, tier: MODES[mode] ?? mode, from, config });
      }
    }
  }
  return rows;
}

function readLength(key: string): number {
  const [, side, thousands] = /^(lte|gt)-(\d+)k$/.exec(key) ?? [];
  return side === "gt" ? Number(thousands) * 1000 : 0;
}

function readTable(config: Readonly<Record<string, unknown>>): OpenTable {
  const prices: OpenTable = {};
  const text = readNumber(readRecord(config, "request_token"), "price") ?? 0;
  for (const [key, bucket] of Object.entries(TOKEN_KEYS)) {
    const price = readNumber(readRecord(config, key), "price");
    if (price === undefined || price > MAX_CENTS_PER_TOKEN) continue;
    // Zero beside a priced input means "no price of its own" in this list.
    if (price === 0 && text > 0 && bucket !== "output") continue;
    prices[bucket] = toDecimalString(price, CENTS_EXPONENT);
  }
  readUnits(config, prices);
  return prices;
}

function readUnits(config: Readonly<Record<string, unknown>>, prices: OpenTable): void {
  const units = readRecord(config, "additional_units");
  const price = (key: string): number | undefined => readNumber(readRecord(units, key), "price");
  const hour = price("cache_write_1h");
  if (hour !== undefined && hour > 0) prices.cache_write_1h = toDecimalString(hour, CENTS_EXPONENT);
  const search = price("web_search");
  if (search !== undefined && search > 0) prices.web_search_requests = toDecimalString(search, -2);
  const video = price("video_seconds") ?? price("video_duration_seconds_1280_720");
  if (video !== undefined && video > 0) prices.video_seconds = toDecimalString(video, -2);
  const image =
    readNumber(readRecord(readRecord(readRecord(readRecord(config, "image"), "default"), "default"), ""), "price") ??
    readNumber(readRecord(readRecord(readRecord(config, "image"), "default"), "default"), "price");
  if (image !== undefined && image > 0) prices.images = toDecimalString(image, -2);
}
