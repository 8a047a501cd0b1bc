import type { ClickHouseClient } from "@clickhouse/client";
import type { LookBackPart } from "./look-back.ts";
import { select, type TimeSpan } from "./settle-queries.ts";

/** Rows that are looked at, by the times they are stamped with: milliseconds since 1970, by the database's clock. */
interface Arrived {
  readonly since: number;
  /** Not included; `null` for all that came since. */
  readonly until: number | null;
  /** What is looked through once more. */
  readonly part: Pick<LookBackPart, "fromMs" | "toMs">;
}

/** Rows that a run looks at: which, how many, and when what they tell of began. */
export interface Arrivals extends Arrived, TimeSpan {
  readonly rows: number;
}

/** New rows that a run looks at: they are held in memory, at about 60 bytes a call. */
const MAX_ROWS = 1_000_000;

const toTime = (ms: number) => `fromUnixTimestamp64Milli(${Math.floor(ms)})`;

/** Whether a row is one of those that are looked at. */
export function toArrived(column: string, { since, until, part }: Arrived): string {
  const isNew = `${column} >= ${toTime(since)}${until === null ? "" : ` AND ${column} < ${toTime(until)}`}`;
  return `(${isNew} OR (${column} >= ${toTime(part.fromMs)} AND ${column} < ${toTime(part.toMs)}))`;
}

/** What came since a moment, or the first million rows of it, and what is looked through once more. */
export async function queryArrivals(client: ClickHouseClient, since: number, part: Arrived["part"]): Promise<Arrivals> {
  const all = await queryTimes(client, { since, until: null, part });
  const until = all.rows > MAX_ROWS ? await queryUntil(client, since) : null;
  return until === null ? all : queryTimes(client, { since, until, part });
}

/** The end of the second in which one row too many came; `null` when there are not so many. */
async function queryUntil(client: ClickHouseClient, since: number): Promise<number | null> {
  const second = (column: string) => `toUnixTimestamp(toDateTime(${column}, 'UTC')) AS second`;
  const [row] = await select<{ second: number }>(
    client,
    `SELECT second FROM (
    SELECT second, sum(count()) OVER (ORDER BY second) AS total FROM (
        SELECT ${second("ingested_at")} FROM spancost.llm_calls WHERE ingested_at >= ${toTime(since)}
        UNION ALL
        SELECT ${second("IngestedAt")} FROM spancost.otel_traces WHERE IngestedAt >= ${toTime(since)}
    ) GROUP BY second
) WHERE total > ${MAX_ROWS} ORDER BY second LIMIT 1`,
  );
  return row === undefined ? null : (row.second + 1) * 1_000;
}

async function queryTimes(client: ClickHouseClient, arrived: Arrived): Promise<Arrivals> {
  const [row] = await select<TimeSpan & { readonly rows: number }>(
    client,
    `SELECT toUnixTimestamp(min(first)) AS fromUnix, toUnixTimestamp(max(last)) AS toUnix, toUInt32(sum(n)) AS rows FROM (
    SELECT toDateTime(min(Timestamp), 'UTC') AS first, toDateTime(max(Timestamp), 'UTC') AS last, count() AS n
    FROM spancost.otel_traces WHERE ${toArrived("IngestedAt", arrived)} HAVING n > 0
    UNION ALL
    SELECT min(hour) AS first, max(hour) AS last, count() AS n FROM spancost.llm_calls WHERE ${toArrived("ingested_at", arrived)} HAVING n > 0
)`,
  );
  return { ...arrived, ...(row ?? { fromUnix: 0, toUnix: 0, rows: 0 }) };
}
