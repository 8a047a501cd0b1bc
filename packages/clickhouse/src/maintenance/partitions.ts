import type { ClickHouseClient } from "@clickhouse/client";
import { quoteText } from "../quote.ts";
import { selectRows } from "../select-rows.ts";

/** A partition of a table. */
export interface Partition {
  /** As statements name it: `partition_id` of `system.parts`. */
  readonly id: string;
  /** As `2026-12-01`, where the table is partitioned by days or weeks. */
  readonly firstDay: string;
  /** Rows, versions and redeliveries included. */
  readonly rows: number;
}

/** The partitions of one of our tables, in their order. */
export async function queryPartitions(client: ClickHouseClient, table: string): Promise<Partition[]> {
  const found = await selectRows<{ partition_id: string; partition: string; count: string }>(
    client,
    `SELECT partition_id, partition, sum(rows) AS count FROM system.parts
WHERE database = 'spancost' AND table = ${quoteText(table)} AND active GROUP BY partition_id, partition ORDER BY partition_id`,
  );
  return found.map(({ partition_id, partition, count }) => ({
    id: partition_id,
    firstDay: partition,
    rows: Number(count),
  }));
}
