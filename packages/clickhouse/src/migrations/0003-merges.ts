/** Tables that get parts all the time. */
const TABLES = ["otel_traces", "llm_calls", "llm_calls_history", "hour_marks", "spend_hourly"];
/** Those that get every span. */
const LARGE_TABLES = ["otel_traces", "llm_calls"];

/**
 * Inserts and merges that need little memory, and old parts that go after a minute.
 *
 * ClickHouse keeps parts for 8 minutes that were merged into others, since it does not sync what a merge writes; here it does. An insert of
 * half a second's rows is a compact part, one file instead of some 130: 31 us of CPU a span became 19. Merges of all columns at once
 * took 250 to 320 MB under load, those of a column at a time 30.
 *
 * A merge holds a block of each file that it writes and of each file of each part that it reads. With a quarter of the usual size and 2,048 rows at
 * a time, one of ten parts of the ledger takes 6 to 8 MB instead of 27 to 33, for no more disk; one of eight parts of 280,000 spans took 23
 * instead of 45, for 8 % more.
 *
 * By default some five parts of a few hundred KB are merged at once, and calls had been written up to six times when there were 3 million; ten
 * at a time it was up to three, which took a tenth off the CPU of a span. There are 26 parts then where there were 19 (ADR 14).
 */
export const MERGES: readonly string[] = [
  ...TABLES.map(
    (table) =>
      `ALTER TABLE spancost.${table} MODIFY SETTING old_parts_lifetime = 60, min_bytes_for_wide_part = 67108864, vertical_merge_algorithm_min_rows_to_activate = 1`,
  ),
  ...LARGE_TABLES.map(
    (table) =>
      `ALTER TABLE spancost.${table} MODIFY SETTING merge_selector_base = 10, max_compress_block_size = 262144, merge_max_block_size = 2048`,
  ),
];
