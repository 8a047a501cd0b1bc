import type { ClickHouseClient } from "@clickhouse/client";
import { formatDecimal, MONEY_SCALE, parseDecimal } from "@spancost/core";
import { StoreError } from "../store-error.ts";

/** What spend can be grouped by, besides labels (`label:plan`). */
export const SPEND_DIMENSIONS = [
  "tenant",
  "user",
  "feature",
  "model",
  "provider",
  "task",
  "session",
  "day",
  "hour",
] as const;

/** A report asked for. Times are UTC, `from` included, `to` not. */
export interface SpendReportRequest {
  readonly by: readonly string[];
  readonly from: Date;
  readonly to: Date;
  /** Only this tenant. */
  readonly tenant?: string;
}

/** Figures of a group. Money is a decimal in USD, counts are decimals, as texts: neither fits into a double. */
export interface SpendFigures {
  readonly calls: string;
  readonly errors: string;
  readonly unpriced_calls: string;
  readonly unknown_calls: string;
  readonly lower_bound_calls: string;
  readonly input_tokens: string;
  readonly cache_read_tokens: string;
  readonly cache_write_tokens: string;
  readonly output_tokens: string;
  readonly list_cost: string;
  readonly cost: string;
}

/** A group's values by dimension, and its figures. */
export type SpendRow = SpendFigures & Readonly<Record<string, string>>;

/** The groups, the dearest first (or by time, where grouped by it), and their total. */
export interface SpendReport {
  readonly rows: readonly SpendRow[];
  readonly total: SpendFigures;
}

/** Columns that ledger and roll-up have in common. */
const COLUMN_BY_DIMENSION: Readonly<Record<string, string>> = {
  tenant: "tenant_id",
  user: "user_id",
  feature: "feature",
  model: "model",
  provider: "provider",
  day: "toString(toDate(c.hour))",
  hour: "formatDateTime(c.hour, '%Y-%m-%dT%H:00:00Z')",
};
/** Columns of the ledger only. */
const LEDGER_COLUMN_BY_DIMENSION: Readonly<Record<string, string>> = { task: "task", session: "session_id" };
const TIME_DIMENSIONS: ReadonlySet<string> = new Set(["day", "hour"]);
const LABEL = /^label:([\w.-]{1,64})$/;
const HOUR_MS = 3_600_000;

/** A call's figures under the names that the roll-up has for its sums. */
const CALL_FIGURES = `1 AS calls, toUInt64(is_error) AS errors, toUInt64(cost_status = 'unpriced') AS unpriced_calls, toUInt64(cost_status = 'rejected') AS rejected_calls,
    toUInt64(cost_status = 'unknown_usage') AS unknown_calls, toUInt64(usage_is_lower_bound) AS lower_bound_calls,
    ifNull(input_tokens, 0) AS input_tokens, ifNull(cache_read_tokens, 0) AS cache_read_tokens,
    ifNull(cache_write_5m_tokens, 0) + ifNull(cache_write_1h_tokens, 0) AS cache_write_tokens, ifNull(output_tokens, 0) AS output_tokens,
    ifNull(list_cost, toDecimal128(0, 12)) AS list_cost, ifNull(cost, toDecimal128(0, 12)) AS cost`;
const ROLL_UP_FIGURES = `calls, errors, unpriced_calls, rejected_calls, unknown_calls, lower_bound_calls, input_tokens, cache_read_tokens, cache_write_tokens,
    output_tokens, list_cost, cost`;
const SUMS = `sum(c.calls) AS calls,
    sum(c.errors) AS errors,
    sum(c.unpriced_calls) + sum(c.rejected_calls) AS unpriced_calls,
    sum(c.unknown_calls) AS unknown_calls,
    sum(c.lower_bound_calls) AS lower_bound_calls,
    sum(c.input_tokens) AS input_tokens,
    sum(c.cache_read_tokens) AS cache_read_tokens,
    sum(c.cache_write_tokens) AS cache_write_tokens,
    sum(c.output_tokens) AS output_tokens,
    sum(c.list_cost) AS list_cost,
    sum(c.cost) AS cost`;

/** Adds up calls: sealed hours from the roll-up where it has the dimensions, all else from the ledger. @throws StoreError `query-refused` for a dimension that does not exist */
export async function querySpend(client: ClickHouseClient, request: SpendReportRequest): Promise<SpendReport> {
  const dimensions = request.by.map((name, index) => ({ name, sql: toColumn(name, index) }));
  const columns = dimensions.map(({ name, sql }) => `${sql} AS \`${name}\``);
  const names = dimensions.map(({ name }) => `\`${name}\``);
  const order = [
    ...dimensions.filter(({ name }) => TIME_DIMENSIONS.has(name)).map(({ name }) => `\`${name}\``),
    "cost DESC",
    ...names,
  ];
  const grouping = names.length === 0 ? "" : `GROUP BY ${names.join(", ")} ORDER BY ${order.join(", ")}`;
  const rows = await select(client, request, [...columns, SUMS].join(",\n    "), grouping);
  return { rows: names.length === 0 ? [] : rows, total: addUp(rows) };
}

const COUNTS = [
  "calls",
  "errors",
  "unpriced_calls",
  "unknown_calls",
  "lower_bound_calls",
  "input_tokens",
  "cache_read_tokens",
  "cache_write_tokens",
  "output_tokens",
] as const;
const AMOUNTS = ["list_cost", "cost"] as const;

/** The total of the rows themselves: asked for apart it could hold calls that came in between. */
function addUp(rows: readonly SpendRow[]): SpendFigures {
  const sum = (name: keyof SpendFigures, scale: number) =>
    formatDecimal(
      rows.reduce((total, row) => total + (parseDecimal(row[name], scale) ?? 0n), 0n),
      scale,
    );
  const counts = COUNTS.map((name) => [name, sum(name, 0)] as const);
  const amounts = AMOUNTS.map((name) => [name, sum(name, MONEY_SCALE)] as const);
  return Object.fromEntries([...counts, ...amounts]) as Record<keyof SpendFigures, string>;
}

async function select(
  client: ClickHouseClient,
  request: SpendReportRequest,
  columns: string,
  grouping: string,
): Promise<SpendRow[]> {
  const labels = request.by.map((name) => LABEL.exec(name)?.[1]);
  const result = await client.query({
    query: `SELECT ${columns}
FROM (${toSource(request)}) AS c
${grouping}`,
    query_params: {
      ...toTimes(request),
      ...(request.tenant === undefined ? {} : { tenant: request.tenant }),
      ...Object.fromEntries(labels.flatMap((label, index) => (label === undefined ? [] : [[`label${index}`, label]]))),
    },
    format: "JSONEachRow",
  });
  return result.json<SpendRow>();
}

/** The range, the hours that it touches and those that it has a part of only, as ClickHouse reads times. */
function toTimes(request: SpendReportRequest): Record<string, string | string[]> {
  const text = (unixMs: number) => new Date(unixMs).toISOString().slice(0, -1).replace("T", " ");
  const hourText = (unixMs: number) => text(unixMs).slice(0, "2026-01-01 00:00:00".length);
  const toHour = (unixMs: number) => Math.floor(unixMs / HOUR_MS) * HOUR_MS;
  const [from, to] = [request.from.getTime(), request.to.getTime()];
  const begun = [from, to].filter((unixMs) => unixMs !== toHour(unixMs)).map(toHour);
  return {
    from: text(from),
    to: text(to),
    fromHour: hourText(toHour(from)),
    toHour: hourText(Math.ceil(to / HOUR_MS) * HOUR_MS),
    begun: begun.map(hourText),
  };
}

const DIMENSIONS = "hour, tenant_id, user_id, feature, provider, model";
/** The tables are sorted by hours: what is outside is not read. As a column's own type, each bound is worked out once. */
const HOURS = "hour >= {fromHour:DateTime('UTC')} AND hour < {toHour:DateTime('UTC')}";
const IN_RANGE = `started_at >= {from:DateTime64(3, 'UTC')} AND started_at < {to:DateTime64(3, 'UTC')} AND ${HOURS}`;

/** Rows to be added up, from one statement, so that they are of one state. */
function toSource(request: SpendReportRequest): string {
  const tenant = request.tenant === undefined ? "" : "AND tenant_id = {tenant:String}";
  if (request.by.some(isOfLedger))
    return `SELECT ${DIMENSIONS}, task, session_id, labels, ${CALL_FIGURES}
FROM spancost.llm_calls FINAL WHERE duplicate_of = '' AND ${IN_RANGE} ${tenant}`;
  return toExactSource(tenant);
}

/**
 * As the view `spend` reads, and in its order: a snapshot of the ledger, then the marks, once, then the roll-up. All three by the range and the
 * tenant, which the view cannot know. `pending` is an argument of a function, because a bare `IN pending` would become a query of its own in
 * each branch.
 */
function toExactSource(tenant: string): string {
  const ofLedger = "arrayConcat(pending, {begun:Array(DateTime('UTC'))})";
  return `WITH (SELECT groupUniqArray(hour) FROM spancost.hour_marks FINAL WHERE hour > toDateTime(0, 'UTC') AND ${HOURS} ${tenant}) AS pending
SELECT ${DIMENSIONS}, ${CALL_FIGURES}
FROM spancost.llm_calls FINAL WHERE duplicate_of = '' AND ${IN_RANGE} ${tenant} AND hour IN ${ofLedger}
UNION ALL
SELECT ${DIMENSIONS}, ${ROLL_UP_FIGURES}
FROM spancost.spend_hourly FINAL WHERE calls > 0 AND ${HOURS} ${tenant} AND hour NOT IN ${ofLedger}`;
}

function isOfLedger(name: string): boolean {
  return LABEL.test(name) || Object.hasOwn(LEDGER_COLUMN_BY_DIMENSION, name);
}

function toColumn(name: string, index: number): string {
  if (LABEL.test(name)) return `labels[{label${index}:String}]`;
  const columns = { ...COLUMN_BY_DIMENSION, ...LEDGER_COLUMN_BY_DIMENSION };
  const column = Object.hasOwn(columns, name) ? columns[name] : undefined;
  if (column !== undefined) return column;
  throw new StoreError(
    "query-refused",
    `${JSON.stringify(name)} is nothing to group by. Use ${SPEND_DIMENSIONS.join(", ")}, or label:<name>, separated by commas.`,
  );
}
