const DAY_MS = 86_400_000;
const UNIT_MS: Readonly<Record<string, number>> = { h: 3_600_000, d: DAY_MS, w: 7 * DAY_MS };
const DURATION = /^(\d{1,5})([hdw])$/;
const TIME = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})?)?$/;
const DEFAULT_SINCE = "30d";

/** A half-open range of time, or what is wrong with the request for it. */
export type TimeRange =
  | { readonly ok: true; readonly from: Date; readonly to: Date }
  | { readonly ok: false; readonly message: string };

/** Reads `since` (24h, 30d, 4w: until now) or `from` and `to` (UTC dates or times; `to` is not included). */
export function readTimeRange(query: Readonly<Record<string, string | undefined>>, nowUnixMs: number): TimeRange {
  // A call can be stamped a little ahead of our clock; a report until now must not lose it.
  const end = new Date(nowUnixMs + DAY_MS);
  if (query["from"] === undefined && query["to"] === undefined)
    return readSince(query["since"] ?? DEFAULT_SINCE, nowUnixMs, end);
  if (query["since"] !== undefined) return { ok: false, message: "since goes alone, or from and to together." };
  const from = query["from"] === undefined ? new Date(0) : readTime(query["from"]);
  const to = query["to"] === undefined ? end : readTime(query["to"]);
  if (from === null || to === null) {
    return {
      ok: false,
      message: "from and to must be dates or times in UTC, such as 2026-11-01 or 2026-11-01T08:00:00Z.",
    };
  }
  return from < to ? { ok: true, from: clamp(from), to: clamp(to) } : { ok: false, message: "from must be before to." };
}

/** No call is older or younger; the database's times end in 2106. */
const EARLIEST = new Date(Date.UTC(2000, 0, 1));
const LATEST = new Date(Date.UTC(2100, 0, 1));

function clamp(time: Date): Date {
  if (time < EARLIEST) return EARLIEST;
  return time > LATEST ? LATEST : time;
}

function readSince(since: string, nowUnixMs: number, to: Date): TimeRange {
  const [, count = "", unit = ""] = DURATION.exec(since) ?? [];
  const unitMs = UNIT_MS[unit];
  if (unitMs === undefined)
    return {
      ok: false,
      message: `since must be hours, days or weeks, such as 24h, 30d or 4w; it is ${JSON.stringify(since)}.`,
    };
  return { ok: true, from: clamp(new Date(nowUnixMs - Number(count) * unitMs)), to };
}

function readTime(text: string): Date | null {
  if (!TIME.test(text)) return null;
  // A day that does not exist, such as February 30, would be read as another.
  const day = new Date(text.slice(0, 10));
  if (Number.isNaN(day.getTime()) || day.toISOString().slice(0, 10) !== text.slice(0, 10)) return null;
  const zoned = /(?:Z|[+-]\d{2}:\d{2})$/.test(text) || !text.includes("T") ? text : `${text}Z`;
  const time = new Date(zoned);
  return Number.isNaN(time.getTime()) ? null : time;
}
