import type { ClickHouseClient, ClickHouseSettings } from "@clickhouse/client";

/**
 * The rows of a query; 64-bit integers are texts.
 * @throws ClickHouseError
 */
export async function selectRows<Row>(
  client: ClickHouseClient,
  query: string,
  settings: ClickHouseSettings = {},
): Promise<Row[]> {
  const result = await client.query({ query, clickhouse_settings: settings, format: "JSONEachRow" });
  return result.json<Row>();
}
