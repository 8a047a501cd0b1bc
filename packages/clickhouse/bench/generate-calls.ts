import type { ClickHouseClient } from "@clickhouse/client";

/** Where the generated time ends: in the middle of an hour, late in a month. */
export const END_UNIX = Date.UTC(2026, 5, 29, 18, 30) / 1_000;
export const DAYS = 60;
/** Rows a statement, so that memory stays bounded. */
const ROWS_A_STEP = 1_000_000;
/** Every hundredth call comes twice, in another batch. */
const REDELIVERED_EVERY = 100;

/**
 * Fills the ledger with calls of 60 days in the order of time: 1,000 tenants by Zipf's law, so that the first has a tenth of the calls,
 * with 200 users each, in sessions; 20 features, each with a usual model of 30; some without a price.
 */
export async function generateCalls(client: ClickHouseClient, rows: number): Promise<void> {
  for (let from = 0; from < rows; from += ROWS_A_STEP) {
    const count = Math.min(ROWS_A_STEP, rows - from);
    await client.command({ query: insertCalls(from, count, rows, "1") });
    await client.command({ query: insertCalls(from, count, rows, `number % ${REDELIVERED_EVERY} = 0`) });
  }
}

/** Calls that one user's session makes one after the other, with one feature. */
const CALLS_A_SESSION = 8;
const SESSION = `intDiv(number, ${CALLS_A_SESSION})`;

/** A number in [0, 1) that depends on the row, or its session, and a salt only. */
function random(salt: number, of = "number"): string {
  return `(cityHash64(${of}, ${salt}) / 18446744073709551616)`;
}

function insertCalls(from: number, count: number, rows: number, where: string): string {
  return `INSERT INTO spancost.llm_calls (tenant_id, hour, trace_id, span_id, started_at, duration_ns, user_id, feature, session_id, service, environment,
    labels, provider, model, provider_reported, model_requested, model_reported, operation, is_error, response_id, input_tokens, cache_read_tokens,
    output_tokens, reasoning_tokens, list_cost, cost, cost_status, cost_kind, rate_version, dialect, scope_name, scope_version, own_tenant_id, own_user_id, own_feature)
WITH
    'tenant-' || leftPad(toString(toUInt32(pow(1001, ${random(1, SESSION)})) - 1), 4, '0') AS tenant,
    'user-' || toString(toUInt32(200 * pow(${random(2, SESSION)}, 2))) AS user,
    toUInt32(20 * pow(${random(3, SESSION)}, 2)) AS feature_number,
    ${END_UNIX} - ${DAYS * 86_400} * (1 - (number + ${random(4)}) / ${rows}) AS at,
    (feature_number * 7 + multiIf(${random(5)} < 0.7, 0, ${random(5)} < 0.9, 1, 2)) % 30 AS model_number,
    'model-' || toString(model_number) AS model_name,
    'provider-' || toString(model_number % 4) AS provider_name,
    toUInt64(200 + 8000 * pow(${random(6)}, 3)) AS input,
    toUInt64(10 + 1000 * pow(${random(7)}, 3)) AS output,
    if(${random(8)} < 0.01, NULL, toDecimal128(input * 250000 + output * 2000000 + model_number, 0) * toDecimal128('0.000000000001', 12)) AS money
SELECT tenant, toStartOfHour(toDateTime(at, 'UTC')), sipHash128(number), reinterpretAsFixedString(cityHash64(number, 9)), toDateTime64(at, 9, 'UTC'),
    toUInt64(1e9 * ${random(10)}), user, 'feature-' || toString(feature_number), 'session-' || toString(${SESSION}), 'api', 'production',
    map('plan', if(feature_number % 2 = 0, 'pro', 'free')), provider_name, model_name, provider_name, model_name, model_name, 'chat', ${random(12)} < 0.005,
    'response-' || toString(number), input, intDiv(input, 3), output, 0, money, money, if(money IS NULL, 'unpriced', 'priced'), 'llm', 'bench-1', 'spancost',
    'scope', '1', tenant, user, 'feature-' || toString(feature_number)
FROM numbers(${from}, ${count}) WHERE ${where}
SETTINGS max_insert_threads = 1, min_insert_block_size_rows = ${ROWS_A_STEP}, min_insert_block_size_bytes = 0, max_partitions_per_insert_block = 0`;
}
