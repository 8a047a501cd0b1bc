import type { PriceBucket } from "@spancost/core";
import { findProviderByPrefix } from "../provider-names.ts";
import {
  isRecord,
  type ListedKind,
  type ListedPrice,
  type OpenTable,
  readNumber,
  readRecord,
  readText,
  toDecimalString,
} from "./listed-price.ts";

/** Keys of prices a token; each may carry a context suffix and a tier suffix. */
const TOKEN_KEYS: Readonly<Record<string, PriceBucket>> = {
  input_cost_per_token: "input",
  output_cost_per_token: "output",
  cache_read_input_token_cost: "cache_read",
  input_cost_per_token_cache_hit: "cache_read",
  cache_creation_input_token_cost: "cache_write_5m",
  cache_creation_input_token_cost_above_1hr: "cache_write_1h",
  input_cost_per_audio_token: "audio_in",
  output_cost_per_audio_token: "audio_out",
  input_cost_per_image_token: "image_in",
  output_cost_per_image_token: "image_out",
  output_cost_per_reasoning_token: "reasoning",
};
const TIERS: Readonly<Record<string, string>> = { "": "", priority: "priority", flex: "flex", batches: "batch" };
const SUFFIXED = /^(.+?)(?:_above_(\d+)k_tokens)?(?:_(priority|flex|batches))?$/;
const KINDS: Readonly<Record<string, ListedKind>> = {
  chat: "chat",
  completion: "chat",
  responses: "chat",
  embedding: "embedding",
  audio_transcription: "audio",
  audio_speech: "audio",
  realtime: "audio",
};

/** Reads litellm's list: USD a token, tiers and context lengths as suffixes of the keys. */
export function readLitellm(list: unknown): ListedPrice[] {
  if (!isRecord(list)) return [];
  return Object.entries(list).flatMap(([model, entry]) => (isRecord(entry) ? readEntry(model, entry) : []));
}

function readEntry(model: string, entry: Readonly<Record<string, unknown>>): ListedPrice[] {
  const provider = readProvider(readText(entry, "litellm_provider"));
  if (provider === undefined) return [];
  const mode = readText(entry, "mode") || "chat";
  const tables = new Map<string, OpenTable>();
  for (const key of Object.keys(entry)) {
    const [, name = "", thousands = "0", suffix = ""] = SUFFIXED.exec(key) ?? [];
    const bucket = TOKEN_KEYS[name];
    const price = readNumber(entry, key);
    if (bucket === undefined || price === undefined) continue;
    const at = `${TIERS[suffix] ?? suffix} ${Number(thousands) * 1000}`;
    const table = tables.get(at) ?? {};
    table[bucket] = toDecimalString(price, 6);
    tables.set(at, table);
  }
  const units = readUnits(entry, mode);
  if (Object.keys(units).length > 0) tables.set(" 0", { ...tables.get(" 0"), ...units });
  const kind = KINDS[mode] ?? "other";
  return [...tables].map(([at, prices]) => {
    const [tier = "", above = "0"] = at.split(" ");
    return { list: "litellm", provider, model, kind, region: "", tier, above: Number(above), prices };
  });
}

function readUnits(entry: Readonly<Record<string, unknown>>, mode: string): OpenTable {
  const units: OpenTable = {};
  const set = (bucket: PriceBucket, price: number | undefined, exponent = 0): void => {
    if (price !== undefined) units[bucket] = toDecimalString(price, exponent);
  };
  if (mode === "image_generation") set("images", readNumber(entry, "output_cost_per_image"));
  if (mode === "video_generation")
    set(
      "video_seconds",
      readNumber(entry, "output_cost_per_video_per_second") ?? readNumber(entry, "output_cost_per_second"),
    );
  if (mode === "audio_transcription")
    set("audio_seconds", readNumber(entry, "input_cost_per_second") || readNumber(entry, "output_cost_per_second"));
  if (mode === "audio_speech") set("characters", readNumber(entry, "input_cost_per_character"), 6);
  set(
    "web_search_requests",
    readNumber(readRecord(entry, "search_context_cost_per_query"), "search_context_size_medium"),
  );
  return units;
}

function readProvider(name: string): string | undefined {
  if (name.startsWith("vertex_ai")) return "vertex";
  return findProviderByPrefix(name);
}
