/**
 * The spans, the ledger and the public views.
 *
 * `otel_traces` has the columns of the Collector's ClickHouse exporter. `llm_calls` is the ledger: a call's key is a pure function of
 * its span, ingest writes version 0 and only maintenance writes higher ones, so a redelivery changes nothing. It is read through
 * FINAL. The partition derives from the key.
 */
export const TABLES = [
  `CREATE TABLE IF NOT EXISTS spancost.otel_traces
(
    Timestamp DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    TraceId String CODEC(ZSTD(1)),
    SpanId String CODEC(ZSTD(1)),
    ParentSpanId String CODEC(ZSTD(1)),
    TraceState String CODEC(ZSTD(1)),
    SpanName LowCardinality(String) CODEC(ZSTD(1)),
    SpanKind LowCardinality(String) CODEC(ZSTD(1)),
    ServiceName LowCardinality(String) CODEC(ZSTD(1)),
    ResourceAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    ScopeName String CODEC(ZSTD(1)),
    ScopeVersion String CODEC(ZSTD(1)),
    SpanAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    Duration UInt64 CODEC(ZSTD(1)),
    StatusCode LowCardinality(String) CODEC(ZSTD(1)),
    StatusMessage String CODEC(ZSTD(1)),
    Events Nested (Timestamp DateTime64(9, 'UTC'), Name LowCardinality(String), Attributes Map(LowCardinality(String), String)) CODEC(ZSTD(1)),
    Links Nested (TraceId String, SpanId String, TraceState String, Attributes Map(LowCardinality(String), String)) CODEC(ZSTD(1)),
    INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX idx_duration Duration TYPE minmax GRANULARITY 1,
    IngestedAt DateTime64(3, 'UTC') MATERIALIZED now64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    INDEX idx_ingested_at IngestedAt TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toDate(Timestamp)
ORDER BY (ServiceName, SpanName, toDateTime(Timestamp), TraceId, SpanId)
SETTINGS index_granularity = 1024, old_parts_lifetime = 480, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1`,

  `CREATE TABLE IF NOT EXISTS spancost.llm_calls
(
    tenant_id String CODEC(ZSTD(1)),
    hour DateTime('UTC') CODEC(Delta, ZSTD(1)),
    trace_id FixedString(16) CODEC(ZSTD(1)),
    span_id FixedString(8) CODEC(ZSTD(1)),
    parent_span_id FixedString(8) CODEC(ZSTD(1)),
    started_at DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
    duration_ns UInt64 CODEC(T64, ZSTD(1)),
    user_id String CODEC(ZSTD(1)),
    feature LowCardinality(String),
    task String CODEC(ZSTD(1)),
    task_id String CODEC(ZSTD(1)),
    session_id String CODEC(ZSTD(1)),
    service LowCardinality(String),
    environment LowCardinality(String),
    labels Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    provider LowCardinality(String),
    model LowCardinality(String),
    provider_reported LowCardinality(String),
    provider_account LowCardinality(String),
    model_requested LowCardinality(String),
    model_reported LowCardinality(String),
    operation LowCardinality(String),
    service_tier LowCardinality(String),
    inference_region LowCardinality(String),
    attempt UInt32 CODEC(T64, ZSTD(1)),
    streamed Bool,
    is_error Bool,
    error_type LowCardinality(String),
    response_id String CODEC(ZSTD(1)),
    input_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    cache_read_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    cache_write_5m_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    cache_write_1h_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    output_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    reasoning_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    audio_input_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    audio_output_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    image_input_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    image_output_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    images Nullable(UInt64) CODEC(ZSTD(1)),
    audio_seconds Nullable(Decimal(18, 9)) CODEC(ZSTD(1)),
    video_seconds Nullable(Decimal(18, 9)) CODEC(ZSTD(1)),
    characters Nullable(UInt64) CODEC(ZSTD(1)),
    web_search_requests Nullable(UInt64) CODEC(ZSTD(1)),
    usage_is_lower_bound Bool,
    list_cost Nullable(Decimal(38, 12)) CODEC(ZSTD(1)),
    cost Nullable(Decimal(38, 12)) CODEC(ZSTD(1)),
    cost_status LowCardinality(String),
    cost_reason LowCardinality(String),
    cost_kind LowCardinality(String),
    rate_version LowCardinality(String),
    dialect LowCardinality(String),
    scope_name LowCardinality(String),
    scope_version LowCardinality(String),
    own_tenant_id String CODEC(ZSTD(1)),
    own_user_id String CODEC(ZSTD(1)),
    own_feature LowCardinality(String),
    own_task String CODEC(ZSTD(1)),
    own_task_id String CODEC(ZSTD(1)),
    duplicate_of String CODEC(ZSTD(1)),
    settle_reason LowCardinality(String),
    ingested_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    version UInt64 CODEC(T64, ZSTD(1)),
    is_deleted UInt8 DEFAULT 0 CODEC(T64, ZSTD(1)),
    INDEX idx_trace_id trace_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_user_id user_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_ingested_at ingested_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY toMonday(hour)
PRIMARY KEY (tenant_id, hour)
ORDER BY (tenant_id, hour, trace_id, span_id)
SETTINGS index_granularity = 2048, old_parts_lifetime = 480, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1`,

  `CREATE OR REPLACE VIEW spancost.calls AS
SELECT
    tenant_id, user_id, feature, task, task_id,
    lower(hex(trace_id)) AS trace_id,
    lower(hex(span_id)) AS span_id,
    started_at,
    duration_ns / 1000000 AS duration_ms,
    provider, model, model_reported, operation, service_tier, attempt,
    input_tokens, cache_read_tokens,
    if(isNull(cache_write_5m_tokens) AND isNull(cache_write_1h_tokens), NULL, ifNull(cache_write_5m_tokens, 0) + ifNull(cache_write_1h_tokens, 0)) AS cache_write_tokens,
    output_tokens, reasoning_tokens,
    list_cost, cost, cost_status, cost_reason, cost_kind, rate_version,
    if(is_error, 'error', 'ok') AS status,
    response_id, dialect, scope_name, scope_version, session_id, service, environment, labels,
    provider_reported, provider_account, model_requested, inference_region, streamed, error_type, usage_is_lower_bound,
    cache_write_1h_tokens, audio_input_tokens, audio_output_tokens, image_input_tokens, image_output_tokens,
    images, audio_seconds, video_seconds, characters, web_search_requests, hour
FROM spancost.llm_calls FINAL
WHERE duplicate_of = ''`,

  `CREATE TABLE IF NOT EXISTS spancost.llm_calls_history
(
    replaced_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    replaced_by LowCardinality(String),
    tenant_id String CODEC(ZSTD(1)),
    hour DateTime('UTC') CODEC(Delta, ZSTD(1)),
    trace_id FixedString(16) CODEC(ZSTD(1)),
    span_id FixedString(8) CODEC(ZSTD(1)),
    version UInt64 CODEC(T64, ZSTD(1)),
    user_id String CODEC(ZSTD(1)),
    feature LowCardinality(String),
    provider LowCardinality(String),
    model LowCardinality(String),
    list_cost Nullable(Decimal(38, 12)) CODEC(ZSTD(1)),
    cost Nullable(Decimal(38, 12)) CODEC(ZSTD(1)),
    cost_status LowCardinality(String),
    cost_reason LowCardinality(String),
    rate_version LowCardinality(String),
    duplicate_of String CODEC(ZSTD(1)),
    settle_reason LowCardinality(String)
)
ENGINE = ReplacingMergeTree
PARTITION BY toMonday(hour)
ORDER BY (tenant_id, hour, trace_id, span_id, version)
SETTINGS old_parts_lifetime = 480, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1`,

  `CREATE OR REPLACE VIEW spancost.calls_history AS
SELECT
    lower(hex(trace_id)) AS trace_id,
    lower(hex(span_id)) AS span_id,
    version, replaced_at, replaced_by,
    tenant_id, user_id, feature, provider, model, list_cost, cost, cost_status, cost_reason, rate_version,
    duplicate_of, settle_reason, hour
FROM spancost.llm_calls_history FINAL
UNION ALL
SELECT
    lower(hex(trace_id)), lower(hex(span_id)),
    version, CAST(NULL AS Nullable(DateTime64(3))), '',
    tenant_id, user_id, feature, provider, model, list_cost, cost, cost_status, cost_reason, rate_version,
    duplicate_of, settle_reason, hour
FROM spancost.llm_calls FINAL`,

  `CREATE TABLE IF NOT EXISTS spancost.maintenance_state
(
    name String,
    value String,
    changed_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(changed_at) ORDER BY name`,

  `CREATE TABLE IF NOT EXISTS spancost.audit_log
(
    at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC'),
    id UUID,
    action LowCardinality(String),
    actor String,
    details String
)
ENGINE = MergeTree ORDER BY at
SETTINGS old_parts_lifetime = 480, fsync_after_insert = 1, fsync_part_directory = 1`,

  `CREATE OR REPLACE VIEW spancost.spend AS
SELECT
    hour, tenant_id, user_id, feature, provider, model,
    count() AS calls,
    countIf(status = 'error') AS errors,
    countIf(cost_status = 'unpriced') AS unpriced_calls,
    countIf(cost_status = 'unknown_usage') AS unknown_calls,
    sum(ifNull(input_tokens, 0)) AS input_tokens,
    sum(ifNull(cache_read_tokens, 0)) AS cache_read_tokens,
    sum(ifNull(cache_write_tokens, 0)) AS cache_write_tokens,
    sum(ifNull(output_tokens, 0)) AS output_tokens,
    sum(ifNull(reasoning_tokens, 0)) AS reasoning_tokens,
    sum(ifNull(list_cost, toDecimal128(0, 12))) AS list_cost,
    sum(ifNull(cost, toDecimal128(0, 12))) AS cost
FROM spancost.calls
GROUP BY hour, tenant_id, user_id, feature, provider, model`,
];
