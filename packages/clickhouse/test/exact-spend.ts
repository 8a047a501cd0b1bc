import type { ClickHouseClient } from "@clickhouse/client";

const KEY = "tenant_id, hour, user_id, feature, provider, model";
const LEDGER = `SELECT ${KEY}, count() AS calls, countIf(status = 'error') AS errors, countIf(cost_status = 'unpriced') AS unpriced_calls,
    countIf(cost_status = 'unknown_usage') AS unknown_calls, sum(ifNull(input_tokens, 0)) AS input_tokens,
    sum(ifNull(cache_read_tokens, 0)) AS cache_read_tokens, sum(ifNull(cache_write_tokens, 0)) AS cache_write_tokens,
    sum(ifNull(output_tokens, 0)) AS output_tokens, sum(ifNull(reasoning_tokens, 0)) AS reasoning_tokens,
    sum(ifNull(list_cost, toDecimal128(0, 12))) AS list_cost, sum(ifNull(cost, toDecimal128(0, 12))) AS cost,
    countIf(cost_status = 'rejected') AS rejected_calls, countIf(usage_is_lower_bound) AS lower_bound_calls
FROM spancost.calls GROUP BY ${KEY}`;
const SPEND = `SELECT ${KEY}, calls, errors, unpriced_calls, unknown_calls, input_tokens, cache_read_tokens, cache_write_tokens, output_tokens,
    reasoning_tokens, list_cost, cost, rejected_calls, lower_bound_calls FROM spancost.spend`;

/** Every group's figures, as they follow from `calls`. */
export async function readLedger(client: ClickHouseClient): Promise<unknown[]> {
  return select(client, `${LEDGER} ORDER BY ALL`);
}

/** Every row of `spend`. */
export async function readSpend(client: ClickHouseClient): Promise<unknown[]> {
  return select(client, `${SPEND} ORDER BY ALL`);
}

/** What stands in only one of `spend` and `calls`, in one statement. */
export async function readDifferences(client: ClickHouseClient): Promise<unknown[]> {
  return select(
    client,
    `SELECT *, sum(sign) AS more_in_spend FROM (SELECT *, 1 AS sign FROM (${SPEND}) UNION ALL SELECT *, -1 AS sign FROM (${LEDGER}))
GROUP BY ALL HAVING more_in_spend != 0 ORDER BY ALL`.replace("SELECT *, sum(sign)", "SELECT * EXCEPT sign, sum(sign)"),
  );
}

async function select(client: ClickHouseClient, query: string): Promise<unknown[]> {
  return (await client.query({ query, format: "JSONCompactEachRow" })).json();
}
