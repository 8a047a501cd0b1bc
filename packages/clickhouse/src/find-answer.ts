import { ClickHouseError } from "@clickhouse/client";

/** The database's own answer in a failure; `null` when there was none: it is away, or too slow. */
export function findAnswer(error: unknown): ClickHouseError | null {
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof ClickHouseError) return at;
  return null;
}
