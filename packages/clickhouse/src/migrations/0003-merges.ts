/** Tables that get parts all the time. */
const TABLES = ["otel_traces", "llm_calls", "llm_calls_history", "hour_marks", "spend_hourly"];

/**
 * Inserts and merges that need little memory, and old parts that go after a minute.
 *
 * ClickHouse keeps parts for 8 minutes that were merged into others, since it does not sync what a merge writes; here it does. An insert of
 * half a second's rows is a compact part, one file instead of some 130: 31 us of CPU a span became 19. Merges of all columns at once
 * took 250 to 320 MB under load, those of a column at a time 30.
 *
 * A merge holds a block of each file of each part. Those of spans are long texts, and a block of them reaches its greatest size: with a quarter of
 * the usual one, eight parts of 280,000 spans took 23 MB instead of 45, and less time, for 8 % more disk.
 */
export const MERGES: readonly string[] = [
  ...TABLES.map(
    (table) =>
      `ALTER TABLE spancost.${table} MODIFY SETTING old_parts_lifetime = 60, min_bytes_for_wide_part = 67108864, vertical_merge_algorithm_min_rows_to_activate = 1`,
  ),
  "ALTER TABLE spancost.otel_traces MODIFY SETTING max_compress_block_size = 262144, merge_max_block_size = 2048",
];
