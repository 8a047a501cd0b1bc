import { PRICE_BUCKETS, parseDecimal } from "@spancost/core";

/** Digits after the point that a price may have: those of 1e-18 USD a token. */
const PRICE_SCALE = 12;
const UNIT_SCALE = 18;
const BUCKETS: ReadonlySet<string> = new Set(PRICE_BUCKETS);
const PER_UNIT: ReadonlySet<string> = new Set([
  "images",
  "video_seconds",
  "audio_seconds",
  "web_search_requests",
  "requests",
]);
const CLOCK = /^(?:[01]\d|2[0-3]):[0-5]\d$/;

/** Says what is wrong with the dated prices of a model, path by path. */
export function findRateIssues(rates: unknown, path = "rates"): string[] {
  if (!Array.isArray(rates) || rates.length === 0) return [`${path}: not a list of rates`];
  const issues = rates.flatMap((rate: unknown, index) => findOneRateIssues(rate, `${path}[${index}]`));
  const starts = rates.map((rate: unknown) =>
    isRecord(rate) && typeof rate["from"] === "string" ? Date.parse(rate["from"]) : Number.NEGATIVE_INFINITY,
  );
  if (starts.some((start, index) => index > 0 && !(start > (starts[index - 1] ?? start))))
    issues.push(`${path}: dates do not ascend`);
  return issues;
}

function findOneRateIssues(rate: unknown, path: string): string[] {
  if (!isRecord(rate)) return [`${path}: not a rate`];
  const { from, tiers = {}, windows = [], regions = {} } = rate;
  return [
    ...(from === undefined || isMoment(from) ? [] : [`${path}.from: ${JSON.stringify(from)} is no moment`]),
    ...findTierIssues(rate, path, true),
    ...listEntries(tiers).flatMap(([name, tier]) => findTierIssues(tier, `${path}.tiers.${name}`, false)),
    ...listEntries(regions).flatMap(([name, region]) => findTierIssues(region, `${path}.regions.${name}`, false)),
    ...(Array.isArray(windows)
      ? windows.flatMap((window: unknown, index) => findWindowIssues(window, `${path}.windows[${index}]`))
      : [`${path}.windows: not a list`]),
  ];
}

function findWindowIssues(window: unknown, path: string): string[] {
  if (!isRecord(window)) return [`${path}: not a window`];
  const { hours, weekdays = [], weekdayOffsetMinutes = 0 } = window;
  const clocks =
    Array.isArray(hours) && hours.length === 2 && hours.every((hour) => typeof hour === "string" && CLOCK.test(hour));
  const days = Array.isArray(weekdays) && weekdays.every((day) => Number.isInteger(day) && day >= 0 && day <= 6);
  return [
    ...(clocks ? [] : [`${path}.hours: not two times of day`]),
    ...(days ? [] : [`${path}.weekdays: not days from 0 to 6`]),
    ...(Number.isInteger(weekdayOffsetMinutes) ? [] : [`${path}.weekdayOffsetMinutes: not minutes`]),
    ...findTierIssues(window, path, true),
  ];
}

function findTierIssues(tier: unknown, path: string, needsPrices: boolean): string[] {
  if (!isRecord(tier)) return [`${path}: not prices`];
  const { factor, prices, context = [] } = tier;
  const issues =
    factor === undefined || isPrice(factor, 6) ? [] : [`${path}.factor: ${JSON.stringify(factor)} is no factor`];
  if (prices === undefined ? needsPrices || factor === undefined : false) issues.push(`${path}: no prices`);
  if (prices !== undefined) issues.push(...findPriceIssues(prices, `${path}.prices`));
  if (!Array.isArray(context)) return [...issues, `${path}.context: not a list`];
  return [
    ...issues,
    ...context.flatMap((entry: unknown, index) =>
      isRecord(entry) && Number.isInteger(entry["above"])
        ? findPriceIssues(entry["prices"], `${path}.context[${index}].prices`)
        : [`${path}.context[${index}]: no threshold`],
    ),
  ];
}

/** Says what is wrong with a table of prices, bucket by bucket. */
export function findPriceIssues(prices: unknown, path: string): string[] {
  if (!isRecord(prices)) return [`${path}: not a table of prices`];
  return Object.entries(prices).flatMap(([bucket, price]) => {
    if (!BUCKETS.has(bucket)) return [`${path}: unknown bucket ${bucket}`];
    return isPrice(price, PER_UNIT.has(bucket) ? UNIT_SCALE : PRICE_SCALE)
      ? []
      : [`${path}.${bucket}: ${JSON.stringify(price)} is no price`];
  });
}

function isPrice(value: unknown, scale: number): boolean {
  const parsed = typeof value === "string" ? parseDecimal(value, scale) : null;
  return parsed !== null && parsed >= 0n;
}

function isMoment(value: unknown): boolean {
  return typeof value === "string" && !Number.isNaN(Date.parse(value));
}

function listEntries(value: unknown): [string, unknown][] {
  return isRecord(value) ? Object.entries(value) : [["", null]];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
