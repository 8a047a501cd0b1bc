import type { ClickHouseClient } from "@clickhouse/client";
import { formatDecimal, MONEY_SCALE, parseDecimal, UNKNOWN_USAGE, type Usage } from "@spancost/core";
import { quoteText } from "../quote.ts";
import { selectRows } from "../select-rows.ts";
import type { CallRow } from "../tables/call-row.ts";
import { type Change, type ChangeKind, type Ledger, writeVersions } from "./write-versions.ts";

/** What the ledger keeps of a call to price it again. */
export interface StoredCall {
  /** As the span names it. */
  readonly provider: string;
  readonly providerAccount: string;
  readonly modelRequested: string;
  readonly modelReported: string;
  readonly serviceTier: string;
  readonly inferenceRegion: string;
  readonly startTimeUnixMs: number;
  readonly usage: Usage;
}

/** What pricing says of a stored call. */
export type PriceStoredCall = (
  call: StoredCall,
) => Pick<
  CallRow,
  "provider" | "model" | "listCostPicoUsd" | "costPicoUsd" | "costStatus" | "costReason" | "rateVersion"
>;

/** Which calls to price again. Times are UTC, `from` included, `to` not. */
export interface RepriceRequest {
  readonly from: Date;
  readonly to: Date;
  readonly tenant?: string;
  readonly model?: string;
  /** Write what changes; otherwise only tell. */
  readonly apply: boolean;
  /** Who asked, for the audit log. */
  readonly actor: string;
}

/** What repricing changes for a tenant. Money in USD as decimals; calls without a cost count as none in the sums. */
export interface RepricedTenant {
  readonly tenant: string;
  /** Calls looked at, and of them those that change. */
  readonly calls: number;
  readonly changed: number;
  readonly before: string;
  readonly after: string;
}

type RepricedColumn = "provider" | "model" | "list_cost" | "cost" | "cost_status" | "cost_reason" | "rate_version";

const REPRICE: ChangeKind<RepricedColumn> = {
  replacedBy: "reprice",
  columns: {
    provider: "String",
    model: "String",
    list_cost: "Nullable(Decimal(38, 12))",
    cost: "Nullable(Decimal(38, 12))",
    cost_status: "String",
    cost_reason: "String",
    rate_version: "String",
  },
};

const HOUR_MS = 3_600_000;
/** Rows of the ledger read at a time, versions and redeliveries included: memory grows neither with the range nor with an hour's calls. */
const ROWS_A_PAGE = 20_000;

/** Some of an hour's calls: those of the traces from after one until another, in the ledger's order. */
interface Page {
  readonly hourUnix: bigint;
  readonly after: TracePlace | undefined;
  readonly until: TracePlace | undefined;
}

interface TracePlace {
  readonly tenant_id: string;
  readonly trace_hex: string;
}

interface StoredRecord {
  readonly key: string;
  readonly tenant_id: string;
  readonly start: string;
  readonly provider_reported: string;
  readonly provider_account: string;
  readonly model_requested: string;
  readonly model_reported: string;
  readonly service_tier: string;
  readonly inference_region: string;
  readonly usage: Readonly<Record<string, string | null>>;
  readonly current: Readonly<Record<RepricedColumn, string | null>>;
}

/** Does a part of a task when its turn comes; the signal says when it is to end. */
export type TakeTurn = <T>(part: (signal?: AbortSignal) => Promise<T>) => Promise<T>;

/**
 * Works out again what calls cost, from the usage that is stored and today's knowledge of the price at the call's own time. Costs that a
 * provider reported itself, and calls without a usable usage, stay as they are.
 * @param takeTurn each hour has a turn, which must not overlap with other maintenance where something is written: a call that moves to another
 * tenant stays in its hour. What is written stays when one fails, and a run that is asked for again goes on from there
 */
export async function reprice(
  ledger: Ledger,
  price: PriceStoredCall,
  request: RepriceRequest,
  takeTurn: TakeTurn = (part) => part(),
): Promise<RepricedTenant[]> {
  const { client } = ledger;
  const tenants = new Map<string, { calls: number; changed: number; before: bigint; after: bigint }>();
  // A task that is refused its turn is not in the log.
  if (request.apply) await takeTurn(() => writeAudit(client, request));
  const repricePage = async (page: Page, signal: AbortSignal | undefined) => {
    const changes: Change<RepricedColumn>[] = [];
    for (const record of await queryCalls(client, page, request)) {
      const values = toValues(price(toStoredCall(record)));
      const changed = (Object.keys(values) as RepricedColumn[]).some(
        (column) => values[column] !== record.current[column],
      );
      const sums = tenants.get(record.tenant_id) ?? { calls: 0, changed: 0, before: 0n, after: 0n };
      sums.calls += 1;
      sums.changed += Number(changed);
      sums.before += toPicoUsd(record.current.cost);
      sums.after += toPicoUsd(values.cost);
      tenants.set(record.tenant_id, sums);
      if (changed) changes.push({ key: record.key, tenantId: record.tenant_id, hourUnix: page.hourUnix, values });
    }
    if (request.apply) await writeVersions(ledger, REPRICE, changes, signal);
  };
  for (const hour of await queryHours(client, request)) {
    await takeTurn(async (signal) => {
      for (const page of await queryPages(client, hour, request)) {
        signal?.throwIfAborted();
        await repricePage(page, signal);
      }
    });
  }
  return [...tenants].map(([tenant, { calls, changed, before, after }]) => ({
    tenant,
    calls,
    changed,
    before: formatDecimal(before, MONEY_SCALE),
    after: formatDecimal(after, MONEY_SCALE),
  }));
}

async function writeAudit(client: ClickHouseClient, { actor, from, to, tenant, model }: RepriceRequest): Promise<void> {
  const details = JSON.stringify({ from, to, tenant, model });
  await client.insert({
    table: "spancost.audit_log",
    values: [{ id: crypto.randomUUID(), action: "reprice", actor, details }],
    format: "JSONEachRow",
  });
}

function toFilter({ tenant, model }: RepriceRequest): { sql: string; params: Record<string, unknown> } {
  const conditions = ["duplicate_of = ''", "cost_status IN ('priced', 'inferred', 'unpriced')"];
  if (tenant !== undefined) conditions.push("tenant_id = {tenant:String}");
  if (model !== undefined) conditions.push("{model:String} IN (model, model_reported, model_requested)");
  return {
    sql: conditions.join(" AND "),
    params: { ...(tenant === undefined ? {} : { tenant }), ...(model === undefined ? {} : { model }) },
  };
}

/** Hours that have rows, whatever their status, in seconds since 1970. */
async function queryHours(client: ClickHouseClient, { from, to, tenant }: RepriceRequest): Promise<number[]> {
  const hours = await selectRows<{ hour_unix: number }>(
    client,
    `SELECT DISTINCT toUnixTimestamp(hour) AS hour_unix FROM spancost.llm_calls
WHERE hour >= toStartOfHour(fromUnixTimestamp64Milli(${from.getTime()})) AND hour < fromUnixTimestamp64Milli(${to.getTime()}) AND ${ofTenant(tenant)}
ORDER BY hour_unix`,
  );
  return hours.map(({ hour_unix }) => hour_unix);
}

/** All versions of a call are in its trace, so FINAL sees them on one page. */
async function queryPages(client: ClickHouseClient, hour: number, { tenant }: RepriceRequest): Promise<Page[]> {
  const ends = await selectRows<TracePlace>(
    client,
    `SELECT tenant_id, lower(hex(trace_id)) AS trace_hex
FROM (SELECT tenant_id, trace_id FROM spancost.llm_calls WHERE hour = fromUnixTimestamp(${hour}) AND ${ofTenant(tenant)} ORDER BY tenant_id, hour, trace_id)
WHERE rowNumberInAllBlocks() % ${ROWS_A_PAGE} = ${ROWS_A_PAGE - 1}`,
  );
  return [...ends, undefined].map((until, at) => ({ hourUnix: BigInt(hour), after: ends[at - 1], until }));
}

function ofTenant(tenant: string | undefined): string {
  return tenant === undefined ? "true" : `tenant_id = ${quoteText(tenant)}`;
}

/** Which rows of the ledger a page has. The tenants stand apart, since the ledger is sorted by them. */
function toRange({ after, until }: Page): string {
  const place = ({ tenant_id, trace_hex }: TracePlace) =>
    `(${quoteText(tenant_id)}, toFixedString(unhex(${quoteText(trace_hex)}), 16))`;
  return [
    "true",
    ...(after === undefined
      ? []
      : [`tenant_id >= ${quoteText(after.tenant_id)}`, `(tenant_id, trace_id) > ${place(after)}`]),
    ...(until === undefined
      ? []
      : [`tenant_id <= ${quoteText(until.tenant_id)}`, `(tenant_id, trace_id) <= ${place(until)}`]),
  ].join(" AND ");
}

async function queryCalls(client: ClickHouseClient, page: Page, request: RepriceRequest): Promise<StoredRecord[]> {
  const { sql, params } = toFilter(request);
  const hourMs = Number(page.hourUnix) * 1000;
  const result = await client.query({
    query: `SELECT lower(hex(trace_id)) || ':' || lower(hex(span_id)) AS key, tenant_id, toUnixTimestamp64Milli(toDateTime64(started_at, 3)) AS start,
    provider_reported, provider_account, model_requested, model_reported, service_tier, inference_region,
    map('input', toString(input_tokens), 'cacheRead', toString(cache_read_tokens), 'cacheWrite5m', toString(cache_write_5m_tokens),
        'cacheWrite1h', toString(cache_write_1h_tokens), 'output', toString(output_tokens), 'reasoning', toString(reasoning_tokens),
        'audioIn', toString(audio_input_tokens), 'audioOut', toString(audio_output_tokens), 'imageIn', toString(image_input_tokens),
        'imageOut', toString(image_output_tokens), 'images', toString(images), 'characters', toString(characters),
        'webSearchRequests', toString(web_search_requests), 'audioSeconds', toString(audio_seconds), 'videoSeconds', toString(video_seconds)) AS usage,
    map('provider', toNullable(toString(provider)), 'model', toString(model), 'list_cost', toString(list_cost), 'cost', toString(cost),
        'cost_status', toString(cost_status), 'cost_reason', toString(cost_reason), 'rate_version', toString(rate_version)) AS current
FROM spancost.llm_calls FINAL
PREWHERE ${toRange(page)}
WHERE hour = fromUnixTimestamp({hour:Int64}) AND started_at >= fromUnixTimestamp64Milli({from:Int64})
    AND started_at < fromUnixTimestamp64Milli({to:Int64}) AND ${sql}`,
    query_params: {
      ...params,
      hour: Number(page.hourUnix),
      from: Math.max(request.from.getTime(), hourMs),
      to: Math.min(request.to.getTime(), hourMs + HOUR_MS),
    },
    format: "JSONEachRow",
  });
  return result.json<StoredRecord>();
}

function toStoredCall(record: StoredRecord): StoredCall {
  const { audioSeconds = null, videoSeconds = null, ...counts } = record.usage;
  const numbers = Object.fromEntries(
    Object.entries(counts).map(([bucket, text]) => [bucket, text === null ? null : Number(text)]),
  );
  return {
    provider: record.provider_reported,
    providerAccount: record.provider_account,
    modelRequested: record.model_requested,
    modelReported: record.model_reported,
    serviceTier: record.service_tier,
    inferenceRegion: record.inference_region,
    startTimeUnixMs: Number(record.start),
    usage: { ...UNKNOWN_USAGE, ...numbers, audioSeconds, videoSeconds },
  };
}

function toValues(priced: ReturnType<PriceStoredCall>): Record<RepricedColumn, string | null> {
  return {
    provider: priced.provider,
    model: priced.model,
    list_cost: toDecimal(priced.listCostPicoUsd),
    cost: toDecimal(priced.costPicoUsd),
    cost_status: priced.costStatus,
    cost_reason: priced.costReason,
    rate_version: priced.rateVersion,
  };
}

/** As ClickHouse writes a Decimal: without trailing zeros. */
function toDecimal(picoUsd: bigint | null): string | null {
  return picoUsd === null ? null : formatDecimal(picoUsd, MONEY_SCALE);
}

function toPicoUsd(decimal: string | null): bigint {
  return decimal === null ? 0n : (parseDecimal(decimal, MONEY_SCALE) ?? 0n);
}
