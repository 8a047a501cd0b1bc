/**
 * Settings with which an insert becomes one part in each partition: readers see all of it or nothing. Its rows are gathered in memory, so
 * the statement has to be bounded. A statement that goes on without its client ends before the grace of sealing does.
 */
export const ONE_PART = {
  max_insert_threads: "1",
  min_insert_block_size_rows: "1000000000",
  min_insert_block_size_bytes: "0",
  max_query_size: "268435456",
  max_execution_time: 60,
} as const;
