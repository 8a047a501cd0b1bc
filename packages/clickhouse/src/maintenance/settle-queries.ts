import type { ClickHouseClient } from "@clickhouse/client";
import {
  ATTRIBUTION_SOURCES,
  type AttributionKeys,
  readAttribution,
  type SettleCall,
  type SettleSpan,
  UNKNOWN_USAGE,
} from "@spancost/core";
import { quoteText } from "../quote.ts";
import type { LookBackPart } from "./look-back.ts";

/** A call as settlement reads it, with what the ledger holds of it now. */
export interface LedgerCall extends SettleCall {
  /** By column. */
  readonly current: {
    readonly tenant_id: string;
    readonly user_id: string;
    readonly feature: string;
    readonly task: string;
    readonly task_id: string;
    readonly duplicate_of: string;
    readonly settle_reason: string;
  };
}

const NANOS_PER_HOUR = 3_600_000_000_000n;
const SECONDS_PER_HOUR = 3_600n;

/** Start of a moment's hour, in seconds since 1970: a part of the ledger's key. */
export function toHourUnix(timeUnixNano: bigint): bigint {
  return (timeUnixNano / NANOS_PER_HOUR) * SECONDS_PER_HOUR;
}

/** Clocks of two tracers in one process differ by less. */
const PEER_TOLERANCE_NANO = 1_000_000_000n;
/** A call that takes longer is not looked for from the one that it encloses. */
const LONGEST_CALL_NANO = 2n * 3_600_000_000_000n;

interface CallRecord {
  readonly trace: string;
  readonly span: string;
  readonly parent: string;
  readonly scope_name: string;
  readonly service: string;
  readonly cost_kind: string;
  readonly model_requested: string;
  readonly model_reported: string;
  readonly response_id: string;
  readonly start: string;
  readonly duration_ns: string;
  readonly cost_status: string;
  readonly tokens: (string | null)[];
  readonly own: [tenant: string, user: string, feature: string, task: string, taskId: string];
  readonly now: [tenant: string, user: string, feature: string, task: string, taskId: string];
  readonly duplicate_of: string;
  readonly settle_reason: string;
}

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

const IS_SETTLED = `duplicate_of != '' OR settle_reason != ''
            OR (tenant_id, user_id, feature, task, task_id) != (own_tenant_id, own_user_id, own_feature, own_task, own_task_id)`;
const LACKS_ATTRIBUTION =
  "own_tenant_id = '' OR own_user_id = '' OR own_feature = '' OR (own_task = '' AND own_task_id = '')";

/**
 * Traces that got spans or calls since a moment, and in which settlement may have something to change. A call that is alone in its trace,
 * has all its attribution and comes from a service with one producer is what it says, and so are most: the database leaves them out, for
 * to look at each would take all of this process at some ten thousand a second.
 */
export async function queryTouchedTraces(client: ClickHouseClient, options: TouchedOptions): Promise<TouchedTraces> {
  const arrived = (column: string) => toArrived(column, options);
  const times = await queryTouchedTimes(client, arrived);
  if (times === null) return { traces: new Map(), lone: 0 };
  const { fromUnix, toUnix } = toNeighbourhood([times]);
  const hours = `hour >= toStartOfHour(toDateTime(${fromUnix}, 'UTC')) AND hour <= toDateTime(${toUnix}, 'UTC')`;
  const recent = `SELECT toFixedString(unhex(TraceId), 16) AS trace_id FROM spancost.otel_traces WHERE ${arrived("IngestedAt")}
    UNION DISTINCT SELECT trace_id FROM spancost.llm_calls WHERE ${arrived("ingested_at")}`;
  const shared = `SELECT service FROM spancost.llm_calls WHERE ${hours} GROUP BY service HAVING uniq(scope_name) > 1`;
  const speaking = `SELECT toFixedString(unhex(TraceId), 16) FROM spancost.otel_traces
            PREWHERE TraceId IN (SELECT lower(hex(trace_id)) FROM (${recent}))
            WHERE ${toTimestamps({ fromUnix, toUnix })} AND hasAny(mapKeys(SpanAttributes), [${listSources(options.keys)}])
                AND (TraceId, SpanId) NOT IN (SELECT lower(hex(trace_id)), lower(hex(span_id)) FROM spancost.llm_calls PREWHERE trace_id IN (${recent}) WHERE ${hours})`;
  const lacks = `max(${LACKS_ATTRIBUTION})${options.skipsSilent ? ` AND trace_id IN (${speaking})` : ""}`;
  const rows = await select<TouchedTrace & { readonly trace: string; readonly isLone: number }>(
    client,
    // A span's row is the same after a new version, a move or a merge: only what arrived makes another fingerprint.
    `SELECT lower(hex(trace_id)) AS trace, any(is_lone) AS isLone,
    toString(length(groupUniqArray(row) AS hashes)) || ':' || toString(arrayReduce('groupBitXor', hashes)) AS fingerprint,
    toUnixTimestamp(min(at)) AS fromUnix, toUnixTimestamp(max(at)) AS toUnix
FROM (
    SELECT toFixedString(unhex(TraceId), 16) AS trace_id, cityHash64(SpanId, IngestedAt) AS row, toDateTime(Timestamp, 'UTC') AS at
    FROM spancost.otel_traces WHERE ${arrived("IngestedAt")}
    UNION ALL
    SELECT trace_id, cityHash64(hour, span_id, ingested_at) AS row, hour AS at FROM spancost.llm_calls WHERE ${arrived("ingested_at")}
) AS arrived INNER JOIN (
    SELECT trace_id, NOT (count() > 1 OR max(${IS_SETTLED} OR service IN (${shared}))) AS is_lone
    FROM spancost.llm_calls PREWHERE trace_id IN (${recent}) WHERE ${hours}
    GROUP BY trace_id HAVING NOT is_lone OR (${lacks})
) AS concerned USING (trace_id) GROUP BY trace_id ORDER BY fromUnix`,
  );
  return {
    traces: new Map(
      rows.map(({ trace, fingerprint, fromUnix: from, toUnix: to }) => [
        trace,
        { fingerprint, fromUnix: from, toUnix: to },
      ]),
    ),
    lone: rows.reduce((count, { isLone }) => count + isLone, 0),
  };
}

/** Whether a row is one of those that are looked at, by the time it is stamped with. */
function toArrived(column: string, { sinceUnixMs, part }: TouchedOptions): string {
  const [since, from, to] = [sinceUnixMs, part.fromMs, part.toMs].map(
    (ms) => `fromUnixTimestamp64Milli(${Math.floor(ms)})`,
  );
  return `(${column} >= ${since} OR (${column} >= ${from} AND ${column} < ${to}))`;
}

/** When what arrived began, or null where nothing did. */
async function queryTouchedTimes(
  client: ClickHouseClient,
  arrived: (column: string) => string,
): Promise<TimeSpan | null> {
  const [row] = await select<TimeSpan & { readonly rows: number }>(
    client,
    `SELECT toUnixTimestamp(min(first)) AS fromUnix, toUnixTimestamp(max(last)) AS toUnix, toUInt32(sum(n)) AS rows FROM (
    SELECT toDateTime(min(Timestamp), 'UTC') AS first, toDateTime(max(Timestamp), 'UTC') AS last, count() AS n
    FROM spancost.otel_traces WHERE ${arrived("IngestedAt")} HAVING n > 0
    UNION ALL
    SELECT min(hour) AS first, max(hour) AS last, count() AS n FROM spancost.llm_calls WHERE ${arrived("ingested_at")} HAVING n > 0
)`,
  );
  return row === undefined || row.rows === 0 ? null : row;
}

/** A time that is looked through, in seconds since 1970, both ends included. */
export interface TimeSpan {
  readonly fromUnix: number;
  readonly toUnix: number;
}

/** Spans of one trace that are further apart are not settled together: without a bound, each round would read the whole ledger. */
const LONGEST_TRACE_SECONDS = 86_400;

/** Where everything of some traces is, of which something is in these times. */
export function toNeighbourhood(times: readonly TimeSpan[]): TimeSpan {
  return times.reduce(
    (all, { fromUnix, toUnix }) => ({
      fromUnix: Math.min(all.fromUnix, Math.max(fromUnix - LONGEST_TRACE_SECONDS, 0)),
      toUnix: Math.max(all.toUnix, toUnix + LONGEST_TRACE_SECONDS),
    }),
    { fromUnix: Infinity, toUnix: 0 },
  );
}

/** The database's clock, in milliseconds since 1970. */
export async function queryNow(client: ClickHouseClient): Promise<number> {
  const [row] = await select<{ now: string }>(client, "SELECT toUnixTimestamp64Milli(now64(3)) AS now");
  return Number(row?.now ?? 0);
}

/** Every call of some traces. */
export async function queryCalls(
  client: ClickHouseClient,
  traces: readonly string[],
  { fromUnix, toUnix }: TimeSpan,
): Promise<LedgerCall[]> {
  if (traces.length === 0) return [];
  const ids = `SELECT toFixedString(unhex(arrayJoin([${traces.map(quoteText).join(", ")}])), 16)`;
  return selectCalls(
    client,
    `hour >= toStartOfHour(toDateTime(${fromUnix}, 'UTC')) AND hour <= toDateTime(${toUnix}, 'UTC')`,
    // All versions of a call have its trace, so rows that are left out before FINAL supersede none that are not.
    `trace_id IN (${ids})`,
  );
}

/** Traces that hold calls which, by their figures and times, could be the same as some of these, seen by another producer. */
export async function queryPeerTraces(client: ClickHouseClient, calls: readonly LedgerCall[]): Promise<string[]> {
  const byHour = Map.groupBy(await withOtherProducers(client, calls), ({ startTimeUnixNano }) =>
    toHourUnix(startTimeUnixNano),
  );
  const traces = new Set<string>();
  for (const group of byHour.values()) {
    for (const candidate of await queryPeerCandidates(client, group)) {
      if (group.some((call) => couldBePeers(call, candidate))) traces.add(candidate.trace);
    }
  }
  return [...traces];
}

/** Of some calls, those whose service has calls of another producer in the hours around: mostly none, found out by one query. */
async function withOtherProducers(client: ClickHouseClient, calls: readonly LedgerCall[]): Promise<LedgerCall[]> {
  const hoursByCall = new Map(calls.map((call) => [call, toHours(call)] as const));
  const hours = [...new Set([...hoursByCall.values()].flat())];
  if (hours.length === 0) return [];
  const services = unique(calls.map(({ service }) => quoteText(service)));
  const rows = await select<{ place: string; producers: string[] }>(
    client,
    `SELECT toString(toUnixTimestamp(hour)) || ' ' || service AS place, groupUniqArray(scope_name) AS producers
FROM spancost.llm_calls WHERE hour IN (${hours.map((hour) => `toDateTime(${hour}, 'UTC')`).join(", ")}) AND service IN (${services.join(", ")})
GROUP BY place`,
  );
  const producers = new Map(rows.map((row) => [row.place, row.producers]));
  return calls.filter((call) =>
    hoursByCall
      .get(call)
      ?.some((hour) => producers.get(`${hour} ${call.service}`)?.some((producer) => producer !== call.producer)),
  );
}

/** A span's end is what its sender says: one in another century must not be looked for in all the hours until then. */
function longestAt(durationNano: bigint): bigint {
  return durationNano < LONGEST_CALL_NANO ? durationNano : LONGEST_CALL_NANO;
}

/** The hours in which calls start that could overlap with a call. */
function toHours({ startTimeUnixNano, endTimeUnixNano }: LedgerCall): bigint[] {
  const first = toHourUnix(startTimeUnixNano - PEER_TOLERANCE_NANO - LONGEST_CALL_NANO);
  const last = toHourUnix(endTimeUnixNano + PEER_TOLERANCE_NANO);
  return Array.from(
    { length: Number((last - first) / SECONDS_PER_HOUR) + 1 },
    (_, at) => first + BigInt(at) * SECONDS_PER_HOUR,
  );
}

interface PeerCandidate {
  readonly trace: string;
  readonly scope_name: string;
  readonly service: string;
  readonly start: string;
  readonly duration_ns: string;
}

function couldBePeers(call: LedgerCall, candidate: PeerCandidate): boolean {
  const start = BigInt(candidate.start);
  const end = start + longestAt(BigInt(candidate.duration_ns));
  return (
    call.producer !== candidate.scope_name &&
    call.service === candidate.service &&
    start <= call.endTimeUnixNano + PEER_TOLERANCE_NANO &&
    end >= call.startTimeUnixNano - PEER_TOLERANCE_NANO
  );
}

async function queryPeerCandidates(client: ClickHouseClient, calls: readonly LedgerCall[]): Promise<PeerCandidate[]> {
  const from = calls.map((call) => call.startTimeUnixNano).reduce((a, b) => (a < b ? a : b)) - PEER_TOLERANCE_NANO;
  const to = calls.map((call) => call.endTimeUnixNano).reduce((a, b) => (a > b ? a : b)) + PEER_TOLERANCE_NANO;
  // Two spans of one call overlap. The hour, which the ledger is sorted by, bounds what is read.
  const services = unique(calls.map(({ service }) => quoteText(service)));
  const range = `hour >= fromUnixTimestamp(${toHourUnix(from - LONGEST_CALL_NANO)}) AND hour <= fromUnixTimestamp(${toHourUnix(to)})
    AND started_at <= fromUnixTimestamp64Nano(${to}) AND addNanoseconds(started_at, least(duration_ns, ${LONGEST_CALL_NANO})) >= fromUnixTimestamp64Nano(${from})
    AND service IN (${services.join(", ")})`;
  return select<PeerCandidate>(
    client,
    `SELECT lower(hex(trace_id)) AS trace, scope_name, service, toUnixTimestamp64Nano(started_at) AS start, duration_ns
FROM spancost.llm_calls FINAL WHERE ${range} AND (${toEvidence(calls).join(" OR ")})`,
  );
}

/** What a call must have in common with one of these to be the same. */
function toEvidence(calls: readonly LedgerCall[]): string[] {
  if (calls.some(({ usageKnown, refused }) => !usageKnown && !refused)) return ["true"];
  const responses = unique(calls.flatMap(({ responseId }) => (responseId === "" ? [] : [quoteText(responseId)])));
  const outputs = unique(calls.flatMap(({ usage }) => (usage.output === null ? [] : [String(usage.output)])));
  const inputs = unique(calls.flatMap(({ usage }) => (usage.input === null ? [] : [String(usage.input)])));
  return [
    "cost_status = 'unknown_usage'",
    ...(responses.length > 0 ? [`response_id IN (${responses.join(", ")})`] : []),
    ...(outputs.length > 0 ? [`output_tokens IN (${outputs.join(", ")})`] : []),
    ...(inputs.length > 0 ? [`(output_tokens IS NULL AND input_tokens IN (${inputs.join(", ")}))`] : []),
  ];
}

/** Every span of some traces, with the attribution it carries. */
export async function querySpans(
  client: ClickHouseClient,
  traces: readonly string[],
  keys: AttributionKeys,
  times: TimeSpan,
): Promise<SettleSpan[]> {
  const rows = await select<{ trace: string; span: string; parent: string; attributes: Record<string, string> }>(
    client,
    `SELECT TraceId AS trace, SpanId AS span, any(ParentSpanId) AS parent,
    any(mapFilter((name, value) -> name IN (${listSources(keys)}), SpanAttributes)) AS attributes
FROM spancost.otel_traces WHERE ${toTimestamps(times)}
    AND TraceId IN (SELECT arrayJoin([${traces.map(quoteText).join(", ")}])) GROUP BY trace, span`,
  );
  return rows.map(({ trace, span, parent, attributes }) => ({
    traceId: trace,
    spanId: span,
    parentSpanId: parent,
    attribution: readAttribution({ attributes }, keys),
  }));
}

/** The attributes that a span's attribution can be in. */
function listSources({ tenantId, userId, feature }: AttributionKeys): string {
  return unique([tenantId, userId, feature, ...ATTRIBUTION_SOURCES])
    .map(quoteText)
    .join(", ");
}

function toTimestamps({ fromUnix, toUnix }: TimeSpan): string {
  return `Timestamp >= toDateTime(${fromUnix}, 'UTC') AND Timestamp <= toDateTime(${toUnix}, 'UTC')`;
}

const NO_PARENT = "0".repeat(16);
const KNOWN_STATUSES: ReadonlySet<string> = new Set(["priced", "inferred", "provided", "unpriced"]);

async function selectCalls(client: ClickHouseClient, where: string, prewhere: string): Promise<LedgerCall[]> {
  const rows = await select<CallRecord>(
    client,
    `SELECT lower(hex(trace_id)) AS trace, lower(hex(span_id)) AS span, lower(hex(parent_span_id)) AS parent, scope_name, service, cost_kind,
    model_requested, model_reported, response_id, toUnixTimestamp64Nano(started_at) AS start, duration_ns, cost_status,
    [input_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens, output_tokens, reasoning_tokens, audio_input_tokens, audio_output_tokens, web_search_requests] AS tokens,
    [own_tenant_id, own_user_id, own_feature, own_task, own_task_id] AS own,
    [tenant_id, user_id, feature, task, task_id] AS now, duplicate_of, settle_reason
FROM spancost.llm_calls FINAL PREWHERE ${prewhere} WHERE ${where}`,
  );
  return rows.map(toLedgerCall);
}

function toLedgerCall(row: CallRecord): LedgerCall {
  const [input, cacheRead, cacheWrite5m, cacheWrite1h, output, reasoning, audioIn, audioOut, webSearchRequests] =
    row.tokens.map((count) => (count === null ? null : Number(count))) as (number | null)[];
  const [tenant_id, user_id, feature, task, task_id] = row.now;
  const [ownTenantId, ownUserId, ownFeature, ownTask, ownTaskId] = row.own;
  const start = BigInt(row.start);
  return {
    key: `${row.trace}:${row.span}`,
    traceId: row.trace,
    spanId: row.span,
    parentSpanId: row.parent === NO_PARENT ? "" : row.parent,
    producer: row.scope_name,
    service: row.service,
    costKind: row.cost_kind,
    modelRequested: row.model_requested,
    modelReported: row.model_reported,
    responseId: row.response_id,
    startTimeUnixNano: start,
    endTimeUnixNano: start + longestAt(BigInt(row.duration_ns)),
    usage: {
      ...UNKNOWN_USAGE,
      input: input ?? null,
      cacheRead: cacheRead ?? null,
      cacheWrite5m: cacheWrite5m ?? null,
      cacheWrite1h: cacheWrite1h ?? null,
      output: output ?? null,
      reasoning: reasoning ?? null,
      audioIn: audioIn ?? null,
      audioOut: audioOut ?? null,
      webSearchRequests: webSearchRequests ?? null,
    },
    usageKnown: KNOWN_STATUSES.has(row.cost_status),
    refused: row.cost_status === "not_billed",
    attribution: { tenantId: ownTenantId, userId: ownUserId, feature: ownFeature, task: ownTask, taskId: ownTaskId },
    current: {
      tenant_id,
      user_id,
      feature,
      task,
      task_id,
      duplicate_of: row.duplicate_of,
      settle_reason: row.settle_reason,
    },
  };
}

/** Lists of ids stand in the statement; the engine's own bound would stop at some thousands of them. */
const MAX_QUERY_BYTES = "268435456";

async function select<Row>(client: ClickHouseClient, query: string): Promise<Row[]> {
  const clickhouse_settings = { max_query_size: MAX_QUERY_BYTES };
  const result = await client.query({ query, clickhouse_settings, format: "JSONEachRow" });
  return result.json<Row>();
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
