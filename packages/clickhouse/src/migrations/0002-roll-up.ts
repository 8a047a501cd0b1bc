/** Settings of a table whose rows are acknowledged: on disk before the insert returns, and after a merge. */
const DURABLE =
  "old_parts_lifetime = 480, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1";

/**
 * The roll-up and the marks that say where it holds.
 *
 * `hour_marks`, read through FINAL: a live row says that a tenant's hour is pending, to be read from the ledger; without one the hour is
 * sealed, to be read from `spend_hourly`. Marks are written before the ledger is, so an hour that never had one has no rows. The row of
 * the tenant '' at hour 0 carries the newest number of the sequence. An hour that is there before this migration is marked.
 */
export const ROLL_UP = [
  `CREATE TABLE IF NOT EXISTS spancost.hour_marks
(
    tenant_id String CODEC(ZSTD(1)),
    hour DateTime('UTC') CODEC(Delta, ZSTD(1)),
    version UInt64 CODEC(Delta, ZSTD(1)),
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (tenant_id, hour)
SETTINGS allow_experimental_replacing_merge_with_cleanup = 1, index_granularity = 1024, ${DURABLE}`,

  `CREATE TABLE IF NOT EXISTS spancost.spend_hourly
(
    tenant_id String CODEC(ZSTD(1)),
    hour DateTime('UTC') CODEC(Delta, ZSTD(1)),
    user_id String CODEC(ZSTD(1)),
    feature LowCardinality(String),
    provider LowCardinality(String),
    model LowCardinality(String),
    calls UInt64 CODEC(T64, ZSTD(1)),
    errors UInt64 CODEC(T64, ZSTD(1)),
    unpriced_calls UInt64 CODEC(T64, ZSTD(1)),
    unknown_calls UInt64 CODEC(T64, ZSTD(1)),
    rejected_calls UInt64 CODEC(T64, ZSTD(1)),
    lower_bound_calls UInt64 CODEC(T64, ZSTD(1)),
    input_tokens UInt64 CODEC(T64, ZSTD(1)),
    cache_read_tokens UInt64 CODEC(T64, ZSTD(1)),
    cache_write_tokens UInt64 CODEC(T64, ZSTD(1)),
    output_tokens UInt64 CODEC(T64, ZSTD(1)),
    reasoning_tokens UInt64 CODEC(T64, ZSTD(1)),
    list_cost Decimal(38, 12) CODEC(ZSTD(1)),
    cost Decimal(38, 12) CODEC(LZ4),
    version UInt64 CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toMonday(hour)
PRIMARY KEY (tenant_id, hour)
ORDER BY (tenant_id, hour, user_id, feature, provider, model)
SETTINGS index_granularity = 2048, min_age_to_force_merge_seconds = 1800, min_age_to_force_merge_on_partition_only = 1, ${DURABLE}`,

  `CREATE TABLE IF NOT EXISTS spancost.maintenance_lease
(
    holder String,
    claimed_at DateTime64(3, 'UTC'),
    expires_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(expires_at) ORDER BY holder`,

  // Marks come before the view, which would read hours without one from the empty roll-up.
  `INSERT INTO spancost.hour_marks (tenant_id, hour, version, is_deleted)
WITH (SELECT max(version) FROM spancost.hour_marks) AS newest
SELECT tenant_id, hour, newest + 2, 0 FROM (SELECT DISTINCT tenant_id, hour FROM spancost.llm_calls UNION ALL SELECT '', toDateTime(0, 'UTC'))`,
];
