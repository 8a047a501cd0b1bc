import type { Store } from "@spancost/clickhouse";
import { emptySums, groupKey, type Sums } from "./truth.ts";

const PICO_DIGITS = 12;
const CALL_SUMS =
  "toString(count()), toString(sum(ifNull(input_tokens, 0))), toString(sum(ifNull(cache_read_tokens, 0))), toString(sum(ifNull(output_tokens, 0))), toString(sum(ifNull(reasoning_tokens, 0))), toString(sum(ifNull(cost, toDecimal128(0, 12))))";
const SPEND_SUMS =
  "toString(sum(calls)), toString(sum(input_tokens)), toString(sum(cache_read_tokens)), toString(sum(output_tokens)), toString(sum(reasoning_tokens)), toString(sum(cost))";

/** The two views that must always say the same. */
export type View = "calls" | "spend";

/** Rows of a query, as arrays. */
export async function selectRows<Row>({ client }: Store, query: string): Promise<Row[]> {
  const result = await client.query({ query, format: "JSONCompactEachRow" });
  return result.json<Row>();
}

/** A view's sums of each tenant, in its order, as texts to be compared. */
export function tenantSumsQuery(view: View): string {
  return `SELECT tenant_id, ${view === "calls" ? CALL_SUMS : SPEND_SUMS} FROM spancost.${view} GROUP BY tenant_id ORDER BY tenant_id`;
}

/** A view's sums by tenant, hour and model. */
export async function querySums(store: Store, view: View): Promise<Map<string, Sums>> {
  const rows = await selectRows<[string, number, string, ...string[]]>(
    store,
    `SELECT tenant_id, toUnixTimestamp(hour), model, ${view === "calls" ? CALL_SUMS : SPEND_SUMS} FROM spancost.${view} GROUP BY tenant_id, hour, model`,
  );
  return new Map(
    rows.map(([tenantId, hourUnix, model, ...sums]) => [groupKey(tenantId, hourUnix, model), toSums(sums)]),
  );
}

export function toSums([
  calls = "0",
  input = "0",
  cacheRead = "0",
  output = "0",
  reasoning = "0",
  cost = "0",
]: readonly string[]): Sums {
  return {
    ...emptySums(),
    calls: BigInt(calls),
    input: BigInt(input),
    cacheRead: BigInt(cacheRead),
    output: BigInt(output),
    reasoning: BigInt(reasoning),
    costPicoUsd: toPicoUsd(cost),
  };
}

/** A decimal as the database writes it, in 1e-12. */
export function toPicoUsd(decimal: string): bigint {
  const [whole = "0", fraction = ""] = decimal.split(".");
  return BigInt(`${whole}${fraction.padEnd(PICO_DIGITS, "0")}`);
}

/** Something that is another one whenever the ledger is. */
export async function queryState(store: Store): Promise<string> {
  const rows = await selectRows(
    store,
    "SELECT count(), sum(version), groupBitXor(cityHash64(tenant_id, hour, trace_id, span_id, version, duplicate_of, ifNull(cost, toDecimal128(0, 12)))) FROM spancost.llm_calls FINAL",
  );
  return JSON.stringify(rows);
}

/** How many hours of tenants wait to be added up, and how many are. */
export async function queryHours(store: Store): Promise<{ pending: number; sealed: number }> {
  const [row] = await selectRows<[string, string]>(
    store,
    `WITH (SELECT groupArray((tenant_id, hour)) FROM spancost.hour_marks FINAL WHERE hour > toDateTime(0, 'UTC')) AS pending
SELECT toString(length(pending)), toString(uniqExactIf((tenant_id, hour), NOT has(pending, (tenant_id, hour)))) FROM spancost.spend_hourly`,
  );
  return { pending: Number(row?.[0] ?? 0), sealed: Number(row?.[1] ?? 0) };
}
