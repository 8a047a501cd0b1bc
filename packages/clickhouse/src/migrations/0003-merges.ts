/** Tables that get parts all the time. */
const TABLES = ["otel_traces", "llm_calls", "llm_calls_history", "hour_marks", "spend_hourly"];

/**
 * Merges that need little memory, and old parts that go after a minute.
 *
 * ClickHouse keeps parts for 8 minutes that were merged into others, since it does not sync what a merge writes; here it does, and some
 * two thousand of them, as a few inserts a second leave, are 150 MB of the database's memory. A merge of all columns at once takes 2 MB a
 * column.
 */
export const MERGES: readonly string[] = TABLES.map(
  (table) =>
    `ALTER TABLE spancost.${table} MODIFY SETTING old_parts_lifetime = 60, min_bytes_for_wide_part = 67108864, vertical_merge_algorithm_min_rows_to_activate = 1`,
);
