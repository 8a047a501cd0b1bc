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

const COLUMN_BY_DIMENSION: Readonly<Record<string, string>> = {
  tenant: "tenant_id",
  user: "user_id",
  feature: "feature",
  model: "model",
  provider: "provider",
  task: "task",
  session: "session_id",
  day: "toString(toDate(c.started_at))",
  hour: "formatDateTime(c.hour, '%Y-%m-%dT%H:00:00Z')",
};
const TIME_DIMENSIONS: ReadonlySet<string> = new Set(["day", "hour"]);
const LABEL = /^label:([\w.-]{1,64})$/;

const FIGURES = `count() AS calls,
    countIf(status = 'error') AS errors,
    countIf(cost_status IN ('unpriced', 'rejected')) AS unpriced_calls,
    countIf(cost_status = 'unknown_usage') AS unknown_calls,
    countIf(usage_is_lower_bound) AS lower_bound_calls,
    sum(ifNull(c.input_tokens, 0)) AS input_tokens,
    sum(ifNull(c.cache_read_tokens, 0)) AS cache_read_tokens,
    sum(ifNull(c.cache_write_tokens, 0)) AS cache_write_tokens,
    sum(ifNull(c.output_tokens, 0)) AS output_tokens,
    sum(ifNull(c.list_cost, toDecimal128(0, 12))) AS list_cost,
    sum(ifNull(c.cost, toDecimal128(0, 12))) AS cost`;

/** Adds up the ledger. @throws StoreError `query-refused` for a dimension that does not exist */
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
  const rows = await select(client, request, [...columns, FIGURES].join(",\n    "), grouping);
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
FROM spancost.calls AS c
WHERE c.started_at >= fromUnixTimestamp64Milli({from:Int64}) AND c.started_at < fromUnixTimestamp64Milli({to:Int64})
    AND c.hour >= toStartOfHour(fromUnixTimestamp64Milli({from:Int64})) AND c.hour < fromUnixTimestamp64Milli({to:Int64})
    ${request.tenant === undefined ? "" : "AND c.tenant_id = {tenant:String}"}
${grouping}`,
    query_params: {
      from: request.from.getTime(),
      to: request.to.getTime(),
      ...(request.tenant === undefined ? {} : { tenant: request.tenant }),
      ...Object.fromEntries(labels.flatMap((label, index) => (label === undefined ? [] : [[`label${index}`, label]]))),
    },
    format: "JSONEachRow",
  });
  return result.json<SpendRow>();
}

function toColumn(name: string, index: number): string {
  if (LABEL.test(name)) return `labels[{label${index}:String}]`;
  const column = Object.hasOwn(COLUMN_BY_DIMENSION, name) ? COLUMN_BY_DIMENSION[name] : undefined;
  if (column !== undefined) return column;
  throw new StoreError(
    "query-refused",
    `${JSON.stringify(name)} is nothing to group by. Use ${SPEND_DIMENSIONS.join(", ")}, or label:<name>, separated by commas.`,
  );
}
