import type { ClickHouseClient } from "@clickhouse/client";
import type { AttributionKeys } from "@spancost/core";
import { quoteText } from "../quote.ts";
import { type Arrivals, toArrived } from "./arrivals.ts";
import { listSources, select, toHours, toNeighbourhood, toTimestamps } from "./settle-queries.ts";
import type { SharedServices } from "./shared-services.ts";

/** What a trace got lately. */
export interface TouchedTrace {
  /** `repeated`: it holds one call, which came more than once; only whether it came with other contents is to be seen. */
  readonly kind: "whole" | "repeated";
  /** When that started, in seconds since 1970. */
  readonly fromUnix: number;
  readonly toUnix: number;
}

/** Traces that settlement has to look at. */
export interface TouchedTraces {
  readonly traces: Map<string, TouchedTrace>;
  /** How many of them hold one call only, which lacks attribution that another span could have. */
  readonly lone: number;
}

/** What is looked for. */
export interface TouchedOptions {
  readonly keys: AttributionKeys;
  readonly arrivals: Arrivals;
  /** Leave out lone calls in whose traces no other span has attribution: that reads the spans of the days around. */
  readonly skipsSilent: boolean;
  /** Remembers, from run to run, in which services a call may have been seen twice. */
  readonly services: SharedServices;
}

/** Of a row of `otel_traces`, also of one that others wrote, with anything for an id. */
const TRACE_ID = "toFixedString(substring(unhex(TraceId), 1, 16), 16)";
const SPAN_ID = "toFixedString(substring(unhex(SpanId), 1, 8), 8)";

/**
 * Stands for a trace in sets and tables of many: half as long as its id, and well spread whatever ids look like. Two traces that share one
 * are looked at together, which changes nothing.
 */
const toKey = (id: string) => `cityHash64(${id})`;
/** Where a call stands in the ledger, besides its trace. */
const PLACE = "cityHash64(tenant_id, hour, span_id)";
/** The index takes one id in a hundred for one that it has. */
const MAX_INDEXED_ROWS = 2_000;
const LACKS_ATTRIBUTION =
  "own_tenant_id = '' OR own_user_id = '' OR own_feature = '' OR (own_task = '' AND own_task_id = '')";

/**
 * Traces that got spans or calls since a moment, and in which settlement may have something to change. A call that is alone in its trace,
 * has all its attribution and comes from a service with one producer is what it says, and so are most: the database leaves them out, for
 * to look at each would take all of this process at some ten thousand a second.
 */
export async function queryTouchedTraces(client: ClickHouseClient, options: TouchedOptions): Promise<TouchedTraces> {
  const { arrivals } = options;
  if (arrivals.rows === 0) return { traces: new Map(), lone: 0 };
  const callsArrived = toArrived("ingested_at", arrivals.calls);
  // Others than ours may write spans; a trace id that is none belongs to no call.
  const spansArrived = `${toArrived("IngestedAt", arrivals.spans)} AND length(TraceId) = 32`;
  const neighbourhood = toNeighbourhood([arrivals]);
  // An index finds a few ids; of many it takes some to be everywhere. A shorter key would let others through by chance, and of each of those
  // the whole granule is read.
  const isRecent = (column: string, ofCall: string, ofSpan: string) => {
    const compared = arrivals.rows > MAX_INDEXED_ROWS ? toKey : (id: string) => id;
    return `${compared(column)} IN (SELECT ${compared(ofCall)} FROM spancost.llm_calls WHERE ${callsArrived}
            UNION ALL SELECT ${compared(ofSpan)} FROM spancost.otel_traces WHERE ${spansArrived})`;
  };
  const shared = await options.services.find(callsArrived, neighbourhood.fromUnix);
  const isShared = shared.length === 0 ? "false" : `service IN (${shared.map(quoteText).join(", ")})`;
  // As they stand in the table, not from their digits: a day's spans are looked through.
  const speaking = `SELECT ${toKey(TRACE_ID)} FROM spancost.otel_traces
        PREWHERE ${isRecent("TraceId", "lower(hex(trace_id))", "TraceId")}
        WHERE ${toTimestamps(neighbourhood)} AND length(TraceId) = 32 AND hasAny(mapKeys(SpanAttributes), [${listSources(options.keys)}])
            AND (${TRACE_ID}, ${SPAN_ID}) NOT IN (SELECT trace_id, span_id FROM spancost.llm_calls WHERE ${callsArrived})`;
  const lacks = `(${LACKS_ATTRIBUTION})${options.skipsSilent ? ` AND ${toKey("trace_id")} IN (${speaking})` : ""}`;
  // A version above 0 is one that settlement wrote, or another task of maintenance. Most traces have one row: they are found by sorting, which
  // takes a third of the memory of a hash table with a state for each (ADR 14).
  const found = await select<TouchedTrace & { readonly trace: string; readonly isLone: number }>(
    client,
    `SELECT lower(hex(trace_id)) AS trace, any(is_lone) AS isLone, if(any(is_repeated), 'repeated', 'whole') AS kind,
    toUnixTimestamp(min(at)) AS fromUnix, toUnixTimestamp(max(at)) AS toUnix
FROM (
    SELECT ${TRACE_ID} AS trace_id, ${toKey("trace_id")} AS key, toDateTime(Timestamp, 'UTC') AS at
    FROM spancost.otel_traces WHERE ${spansArrived}
    UNION ALL
    SELECT trace_id, ${toKey("trace_id")} AS key, hour AS at
    FROM spancost.llm_calls WHERE ${callsArrived}
) AS arrived INNER JOIN (
    SELECT key, max(is_odd) OR min(place) != max(place) AS is_one_of_many, max(lacks) AS lacks_any,
        NOT is_one_of_many AND count() = 1 AS is_lone, NOT is_one_of_many AND NOT is_lone AND NOT lacks_any AS is_repeated
    FROM (
        SELECT key, place, is_odd, lacks, count() OVER (PARTITION BY key) AS rows_of_trace
        FROM (
            SELECT ${toKey("trace_id")} AS key, ${PLACE} AS place, version > 0 OR ${isShared} AS is_odd, ${lacks} AS lacks
            FROM spancost.llm_calls PREWHERE ${isRecent("trace_id", "trace_id", TRACE_ID)} WHERE ${toHours(neighbourhood)}
        )
    ) WHERE rows_of_trace > 1 OR is_odd OR lacks GROUP BY key HAVING NOT is_lone OR lacks_any
) AS concerned USING (key) GROUP BY trace_id ORDER BY fromUnix`,
  );
  return {
    traces: new Map(
      found.map(({ trace, kind, fromUnix: from, toUnix: to }) => [trace, { kind, fromUnix: from, toUnix: to }]),
    ),
    lone: found.reduce((count, { isLone }) => count + isLone, 0),
  };
}
