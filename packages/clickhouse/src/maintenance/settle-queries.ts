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
import { selectRows } from "../select-rows.ts";
import { ONE_PART } from "./one-part.ts";
import { OverlapIndex, type TimedCall } from "./overlap-index.ts";

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

/** A time that is looked through, in seconds since 1970, both ends included. */
export interface TimeSpan {
  readonly fromUnix: number;
  readonly toUnix: number;
}

/** Spans of one trace that are further apart are not settled together: without a bound, each round would read the whole ledger. */
const LONGEST_TRACE_SECONDS = 86_400;

/** What is in any of these times. */
export function toTimes(times: readonly TimeSpan[]): TimeSpan {
  return times.reduce(
    (all, { fromUnix, toUnix }) => ({
      fromUnix: Math.min(all.fromUnix, fromUnix),
      toUnix: Math.max(all.toUnix, toUnix),
    }),
    { fromUnix: Infinity, toUnix: 0 },
  );
}

/** Where everything of some traces is, of which something is in these times. */
export function toNeighbourhood(times: readonly TimeSpan[]): TimeSpan {
  const { fromUnix, toUnix } = toTimes(times);
  return { fromUnix: Math.max(fromUnix - LONGEST_TRACE_SECONDS, 0), toUnix: toUnix + LONGEST_TRACE_SECONDS };
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
  times: TimeSpan,
): Promise<LedgerCall[]> {
  if (traces.length === 0) return [];
  const ids = `SELECT toFixedString(unhex(arrayJoin([${traces.map(quoteText).join(", ")}])), 16)`;
  return selectCalls(
    client,
    toHours(times),
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
    const index = new OverlapIndex(group, PEER_TOLERANCE_NANO);
    for (const candidate of await queryPeerCandidates(client, group)) {
      if (!traces.has(candidate.trace) && index.overlapsAnother(toTimedCall(candidate))) traces.add(candidate.trace);
    }
  }
  return [...traces];
}

/** Of some calls, those whose service has calls of another producer in the hours around: mostly none, found out by one query. */
async function withOtherProducers(client: ClickHouseClient, calls: readonly LedgerCall[]): Promise<LedgerCall[]> {
  const hoursByCall = new Map(calls.map((call) => [call, toHoursAround(call)] as const));
  const hours = [...new Set([...hoursByCall.values()].flat())];
  if (hours.length === 0) return [];
  const services = unique(calls.map(({ service }) => quoteText(service)));
  const rows = await select<{ hourUnix: number; service: string; producers: string[] }>(
    client,
    `SELECT toUnixTimestamp(hour) AS hourUnix, service, groupUniqArray(scope_name) AS producers
FROM spancost.llm_calls WHERE hour IN (${hours.map((hour) => `toDateTime(${hour}, 'UTC')`).join(", ")}) AND service IN (${services.join(", ")})
GROUP BY hour, service`,
  );
  const producers = new Map(rows.map((row) => [`${row.hourUnix} ${row.service}`, row.producers]));
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
function toHoursAround({ startTimeUnixNano, endTimeUnixNano }: LedgerCall): bigint[] {
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

function toTimedCall({ scope_name, service, start, duration_ns }: PeerCandidate): TimedCall {
  const startTimeUnixNano = BigInt(start);
  const endTimeUnixNano = startTimeUnixNano + longestAt(BigInt(duration_ns));
  return { producer: scope_name, service, startTimeUnixNano, endTimeUnixNano };
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
export function listSources({ tenantId, userId, feature }: AttributionKeys): string {
  return unique([tenantId, userId, feature, ...ATTRIBUTION_SOURCES])
    .map(quoteText)
    .join(", ");
}

/** The calls of a time, of which the hours are known. */
export function toHours({ fromUnix, toUnix }: TimeSpan): string {
  return `hour >= toStartOfHour(toDateTime(${fromUnix}, 'UTC')) AND hour <= toDateTime(${toUnix}, 'UTC')`;
}

/** The spans of a time. */
export function toTimestamps({ fromUnix, toUnix }: TimeSpan): string {
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

/**
 * Lists of ids stand in the statement; the engine's own bound would stop at some thousands of them. Nobody waits for settlement, so it leaves
 * the other cores, and the memory that each would take, to those who are waited for; and it takes rows a few at a time.
 */
const SETTINGS = { max_query_size: ONE_PART.max_query_size, max_threads: 1, max_block_size: "8192" };

/** @throws ClickHouseError */
export function select<Row>(client: ClickHouseClient, query: string): Promise<Row[]> {
  return selectRows<Row>(client, query, SETTINGS);
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
