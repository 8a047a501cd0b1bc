import type { ClickHouseClient } from "@clickhouse/client";
import type { AttributionKeys } from "@spancost/core";
import type { LookBackPart } from "./look-back.ts";
import { listSources, select, type TimeSpan, toNeighbourhood, toTimestamps } from "./settle-queries.ts";

/** What a trace got lately. */
export interface TouchedTrace {
  /** Another one is something new to look at (or something old that is before the moment now). */
  readonly fingerprint: string;
  /** When that started, in seconds since 1970. */
  readonly fromUnix: number;
  readonly toUnix: number;
}

/** Traces that settlement has to look at. */
export interface TouchedTraces {
  readonly traces: Map<string, TouchedTrace>;
  /** How many of them hold one call only, which lacks attribution that another span could have. */
  readonly lone: number;
  /** How many rows were looked at for that. */
  readonly rows: number;
}

/** What is looked for. */
export interface TouchedOptions {
  readonly keys: AttributionKeys;
  /** By the database's clock, in milliseconds since 1970. */
  readonly sinceUnixMs: number;
  /** What is looked through once more, by the same clock. */
  readonly part: Pick<LookBackPart, "fromMs" | "toMs">;
  /** Leave out lone calls in whose traces no other span has attribution: that reads the spans of the days around. */
  readonly skipsSilent: boolean;
}

/** Of a row of `otel_traces`, also of one that others wrote, with anything for an id. */
const TRACE_ID = "toFixedString(substring(unhex(TraceId), 1, 16), 16)";
const IS_SETTLED = `duplicate_of != '' OR settle_reason != ''
            OR (tenant_id, user_id, feature, task, task_id) != (own_tenant_id, own_user_id, own_feature, own_task, own_task_id)`;
const LACKS_ATTRIBUTION =
  "own_tenant_id = '' OR own_user_id = '' OR own_feature = '' OR (own_task = '' AND own_task_id = '')";

/** The index takes one id in a hundred for one that it has, so of many ids some seem to be everywhere. */
const MAX_INDEXED_ROWS = 2_000;
const WITHOUT_INDEX = " SETTINGS ignore_data_skipping_indices = 'idx_trace_id'";

/**
 * Traces that got spans or calls since a moment, and in which settlement may have something to change. A call that is alone in its trace,
 * has all its attribution and comes from a service with one producer is what it says, and so are most: the database leaves them out, for
 * to look at each would take all of this process at some ten thousand a second.
 */
export async function queryTouchedTraces(client: ClickHouseClient, options: TouchedOptions): Promise<TouchedTraces> {
  const arrived = (column: string) => toArrived(column, options);
  // Others than ours may write spans; a trace id that is none belongs to no call.
  const spansArrived = `${arrived("IngestedAt")} AND length(TraceId) = 32`;
  const { rows: arrivedRows, ...times } = await queryArrivals(client, arrived);
  if (arrivedRows === 0) return { traces: new Map(), lone: 0, rows: 0 };
  const { fromUnix, toUnix } = toNeighbourhood([times]);
  const hours = `hour >= toStartOfHour(toDateTime(${fromUnix}, 'UTC')) AND hour <= toDateTime(${toUnix}, 'UTC')`;
  const recent = `SELECT ${TRACE_ID} AS trace_id FROM spancost.otel_traces WHERE ${spansArrived}
    UNION DISTINCT SELECT trace_id FROM spancost.llm_calls WHERE ${arrived("ingested_at")}`;
  const shared = `SELECT service FROM spancost.llm_calls WHERE ${hours} GROUP BY service HAVING uniqExact(scope_name) > 1`;
  const speaking = `SELECT ${TRACE_ID} FROM spancost.otel_traces
            PREWHERE TraceId IN (SELECT lower(hex(trace_id)) FROM (${recent}))
            WHERE ${toTimestamps({ fromUnix, toUnix })} AND hasAny(mapKeys(SpanAttributes), [${listSources(options.keys)}])
                AND (TraceId, SpanId) NOT IN (SELECT lower(hex(trace_id)), lower(hex(span_id)) FROM spancost.llm_calls PREWHERE trace_id IN (${recent}) WHERE ${hours})`;
  const lacks = `max(${LACKS_ATTRIBUTION})${options.skipsSilent ? ` AND trace_id IN (${speaking})` : ""}`;
  const found = await select<TouchedTrace & { readonly trace: string; readonly isLone: number }>(
    client,
    // A span's row is the same after a new version, a move or a merge: only what arrived makes another fingerprint.
    `SELECT lower(hex(trace_id)) AS trace, any(is_lone) AS isLone,
    toString(length(groupUniqArray(row) AS hashes)) || ':' || toString(arrayReduce('groupBitXor', hashes)) AS fingerprint,
    toUnixTimestamp(min(at)) AS fromUnix, toUnixTimestamp(max(at)) AS toUnix
FROM (
    SELECT ${TRACE_ID} AS trace_id, cityHash64(SpanId, IngestedAt) AS row, toDateTime(Timestamp, 'UTC') AS at
    FROM spancost.otel_traces WHERE ${spansArrived}
    UNION ALL
    SELECT trace_id, cityHash64(hour, span_id, ingested_at) AS row, hour AS at FROM spancost.llm_calls WHERE ${arrived("ingested_at")}
) AS arrived INNER JOIN (
    SELECT trace_id, NOT (count() > 1 OR max(${IS_SETTLED} OR service IN (${shared}))) AS is_lone
    FROM spancost.llm_calls PREWHERE trace_id IN (${recent}) WHERE ${hours}
    GROUP BY trace_id HAVING NOT is_lone OR (${lacks})
) AS concerned USING (trace_id) GROUP BY trace_id ORDER BY fromUnix${arrivedRows > MAX_INDEXED_ROWS ? WITHOUT_INDEX : ""}`,
  );
  return {
    traces: new Map(
      found.map(({ trace, fingerprint, fromUnix: from, toUnix: to }) => [
        trace,
        { fingerprint, fromUnix: from, toUnix: to },
      ]),
    ),
    lone: found.reduce((count, { isLone }) => count + isLone, 0),
    rows: arrivedRows,
  };
}

/** Whether a row is one of those that are looked at, by the time it is stamped with. */
function toArrived(column: string, { sinceUnixMs, part }: TouchedOptions): string {
  const [since, from, to] = [sinceUnixMs, part.fromMs, part.toMs].map(
    (ms) => `fromUnixTimestamp64Milli(${Math.floor(ms)})`,
  );
  return `(${column} >= ${since} OR (${column} >= ${from} AND ${column} < ${to}))`;
}

/** How much arrived, and when it began. */
async function queryArrivals(
  client: ClickHouseClient,
  arrived: (column: string) => string,
): Promise<TimeSpan & { readonly rows: number }> {
  const [row] = await select<TimeSpan & { readonly rows: number }>(
    client,
    `SELECT toUnixTimestamp(min(first)) AS fromUnix, toUnixTimestamp(max(last)) AS toUnix, toUInt32(sum(n)) AS rows FROM (
    SELECT toDateTime(min(Timestamp), 'UTC') AS first, toDateTime(max(Timestamp), 'UTC') AS last, count() AS n
    FROM spancost.otel_traces WHERE ${arrived("IngestedAt")} HAVING n > 0
    UNION ALL
    SELECT min(hour) AS first, max(hour) AS last, count() AS n FROM spancost.llm_calls WHERE ${arrived("ingested_at")} HAVING n > 0
)`,
  );
  return row ?? { fromUnix: 0, toUnix: 0, rows: 0 };
}
