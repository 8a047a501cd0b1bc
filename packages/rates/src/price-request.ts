import {
  type CostLine,
  formatDecimal,
  MONEY_SCALE,
  type PriceBucket,
  UNIT_PRICE_SCALE,
  type Usage,
} from "@spancost/core";
import type { RateLabel } from "./priced-call.ts";
import { getDefaultPricer, type Pricer } from "./pricer.ts";

/** Names of the buckets in a price request, and of ours. */
const COUNTS = {
  input_total: "input",
  cache_read: "cacheRead",
  cache_write_5m: "cacheWrite5m",
  cache_write_1h: "cacheWrite1h",
  output: "output",
  reasoning: "reasoning",
  audio_in: "audioIn",
  audio_out: "audioOut",
  image_in: "imageIn",
  image_out: "imageOut",
  images: "images",
  characters: "characters",
  web_search_requests: "webSearchRequests",
} as const satisfies Readonly<Record<string, keyof Usage>>;
const SECONDS = { video_seconds: "videoSeconds", audio_seconds: "audioSeconds" } as const satisfies Readonly<
  Record<string, keyof Usage>
>;

/** The usage of a price request: counts as integers, seconds as numbers or decimal strings; missing or null is 0. */
export type PriceRequestUsage = { readonly [name in keyof typeof COUNTS]?: number | null } & {
  readonly [name in keyof typeof SECONDS]?: number | string | null;
};

/** One line of `spancost price --ndjson`; amounts are plain exact decimals. */
export interface PriceResponse {
  readonly id: unknown;
  readonly outcome: "priced" | "unpriced" | "rejected";
  readonly usd: string | null;
  readonly reason?: string;
  /** Known names near an unknown model's. */
  readonly nearest?: readonly string[];
  readonly rate: RateLabel | null;
  readonly lines: readonly {
    readonly bucket: PriceBucket;
    readonly quantity: number | string;
    readonly unit_usd: string;
    readonly usd: string;
  }[];
}

/** Prices a request as `spancost price --ndjson` takes it, already parsed from JSON; it never throws. */
export function priceRequest(json: unknown, pricer: Pricer = getDefaultPricer()): PriceResponse {
  if (!isRecord(json)) return refuse(null, "rejected", "not-an-object");
  const id = json["id"] ?? null;
  const query = readQuery(json);
  if (typeof query === "string") return refuse(id, "rejected", query);
  const usage = readUsage(json["usage"]);
  if (typeof usage === "string") return refuse(id, "rejected", usage);
  const priced = pricer.price({ ...query, usage });
  if (priced.outcome !== "priced") {
    const response = refuse(id, priced.outcome === "rejected" ? "rejected" : "unpriced", priced.reason);
    return priced.nearest === undefined || priced.nearest.length === 0
      ? response
      : { ...response, nearest: priced.nearest };
  }
  const { provider, model, version, inferred } = priced.rate;
  return {
    id,
    outcome: "priced",
    usd: formatDecimal(priced.costPicoUsd, MONEY_SCALE),
    rate: { provider, model, version, inferred },
    lines: priced.lines.map(writeLine),
  };
}

function refuse(id: unknown, outcome: "unpriced" | "rejected", reason: string): PriceResponse {
  return { id, outcome, usd: null, reason, rate: null, lines: [] };
}

function writeLine({
  bucket,
  quantity,
  quantityScale,
  unitAttoUsd,
  picoUsd,
}: CostLine): PriceResponse["lines"][number] {
  return {
    bucket,
    quantity: quantityScale === 0 ? Number(quantity) : formatDecimal(quantity, quantityScale),
    unit_usd: formatDecimal(unitAttoUsd, UNIT_PRICE_SCALE),
    usd: formatDecimal(picoUsd, MONEY_SCALE),
  };
}

interface Query {
  readonly provider: string;
  readonly model: string;
  readonly timeUnixMs: number;
  readonly serviceTier: string;
  readonly inferenceRegion: string;
}

function readQuery(json: Readonly<Record<string, unknown>>): Query | string {
  const texts = {
    provider: json["provider"],
    model: json["model"],
    service_tier: json["service_tier"],
    inference_region: json["inference_region"],
  };
  for (const [name, text] of Object.entries(texts))
    if (text !== undefined && text !== null && typeof text !== "string") return `${name}-not-a-string`;
  const timeUnixMs = readTime(json["timestamp"]);
  if (timeUnixMs === null) return "bad-timestamp";
  return {
    provider: toText(texts.provider),
    model: toText(texts.model),
    timeUnixMs,
    serviceTier: toText(texts.service_tier),
    inferenceRegion: toText(texts.inference_region),
  };
}

function toText(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** From these magnitudes on a number of a timestamp is milliseconds, microseconds or nanoseconds, not seconds (all after 1973). */
const UNITS: readonly (readonly [from: number, perMs: number])[] = [
  [1e17, 1e6],
  [1e14, 1e3],
  [1e11, 1],
];
const ZONE = /(?:z|[+-]\d\d:?\d\d)$/i;

/** An ISO date or time (UTC when it names no zone), or a Unix time in seconds, milliseconds, microseconds or nanoseconds. */
function readTime(value: unknown): number | null {
  if (typeof value === "number" || (typeof value === "string" && /^\d{9,}(?:\.\d+)?$/.test(value)))
    return readUnixTime(Number(value));
  if (typeof value !== "string") return null;
  const text = value.trim().replace(" ", "T");
  const time = Date.parse(text.length > 10 && !ZONE.test(text) ? `${text}Z` : text);
  return Number.isNaN(time) ? null : time;
}

function readUnixTime(value: number): number | null {
  if (!Number.isFinite(value) || value < 0) return null;
  const perMs = UNITS.find(([from]) => value >= from)?.[1] ?? 1e-3;
  return Math.floor(value / perMs);
}

function readUsage(value: unknown): Usage | string {
  if (!isRecord(value)) return "no-usage";
  const usage: { -readonly [bucket in keyof Usage]: Usage[bucket] } = { ...NO_USAGE };
  for (const name in value) {
    const given = value[name];
    if (given === null || given === undefined) continue;
    if (isKeyOf(COUNTS, name)) {
      if (typeof given !== "number") return `not-a-number: ${name}`;
      usage[COUNTS[name]] = given;
    } else if (isKeyOf(SECONDS, name)) {
      if (typeof given !== "number" && typeof given !== "string") return `bad-seconds: ${name}`;
      usage[SECONDS[name]] = String(given);
    } else if (given !== 0) return `unknown-bucket: ${name}`;
  }
  return usage;
}

const NO_USAGE: Usage = {
  input: 0,
  cacheRead: 0,
  cacheWrite5m: 0,
  cacheWrite1h: 0,
  output: 0,
  reasoning: 0,
  audioIn: 0,
  audioOut: 0,
  imageIn: 0,
  imageOut: 0,
  images: 0,
  videoSeconds: null,
  audioSeconds: null,
  characters: 0,
  webSearchRequests: 0,
};

function isKeyOf<T extends object>(table: T, name: PropertyKey): name is keyof T {
  return Object.hasOwn(table, name);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
