/**
 * `spend` from sealed hours of the roll-up and pending ones of the ledger.
 *
 * The order is what makes it exact: a snapshot of the ledger, then the marks, once, then the roll-up. A bare `IN pending` would become a
 * query of its own in each branch, run after the snapshots; as an argument of a function, `pending` is one value.
 *
 * An hour that is pending for any tenant is read from the ledger for all of them, which is as exact. So the list is as short as there are
 * hours, and a number is looked for in it, which is cheaper than a tenant and an hour (ADR 11 has figures).
 */
export const SPEND: readonly string[] = [
  `CREATE OR REPLACE VIEW spancost.spend AS
WITH (SELECT groupUniqArray(hour) FROM spancost.hour_marks FINAL WHERE hour > toDateTime(0, 'UTC')) AS pending
SELECT
    hour, tenant_id, user_id, feature, provider, model,
    count() AS calls,
    countIf(is_error) AS errors,
    countIf(cost_status = 'unpriced') AS unpriced_calls,
    countIf(cost_status = 'unknown_usage') AS unknown_calls,
    sum(ifNull(input_tokens, 0)) AS input_tokens,
    sum(ifNull(cache_read_tokens, 0)) AS cache_read_tokens,
    sum(ifNull(cache_write_5m_tokens, 0) + ifNull(cache_write_1h_tokens, 0)) AS cache_write_tokens,
    sum(ifNull(output_tokens, 0)) AS output_tokens,
    sum(ifNull(reasoning_tokens, 0)) AS reasoning_tokens,
    sum(ifNull(list_cost, toDecimal128(0, 12))) AS list_cost,
    sum(ifNull(cost, toDecimal128(0, 12))) AS cost,
    countIf(cost_status = 'rejected') AS rejected_calls,
    countIf(usage_is_lower_bound) AS lower_bound_calls
FROM spancost.llm_calls FINAL
WHERE duplicate_of = '' AND hour IN arrayConcat(pending, [])
GROUP BY hour, tenant_id, user_id, feature, provider, model
UNION ALL
SELECT
    hour, tenant_id, user_id, feature, provider, model,
    calls, errors, unpriced_calls, unknown_calls,
    input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens,
    list_cost, cost, rejected_calls, lower_bound_calls
FROM spancost.spend_hourly FINAL
WHERE calls > 0 AND hour NOT IN arrayConcat(pending, [])`,
];
