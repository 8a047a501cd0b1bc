import type { ClickHouseClient } from "@clickhouse/client";

/** How often the watermark is written at the most: each write is a part of a table. */
const WRITE_INTERVAL_MS = 30_000;
const NAME = "settled_until";

/** How far settlement has come, by the database's clock, kept in the database for the next process. */
export class Watermark {
  readonly #client: ClickHouseClient;
  #writtenUnixMs = 0;

  constructor(client: ClickHouseClient) {
    this.#client = client;
  }

  /** Milliseconds since 1970; 0 when nothing was ever settled. */
  async read(): Promise<number> {
    const result = await this.#client.query({
      query: "SELECT argMax(value, changed_at) AS value FROM spancost.maintenance_state WHERE name = {name:String}",
      query_params: { name: NAME },
      format: "JSONEachRow",
    });
    const [row] = await result.json<{ value: string }>();
    return Number(row?.value ?? 0);
  }

  /** Writes the watermark, now and then: an old one makes the next process look at some traces again, which changes nothing. */
  async write(settledUntilUnixMs: number): Promise<void> {
    // Back as well, with a clock that was set back.
    if (Math.abs(settledUntilUnixMs - this.#writtenUnixMs) < WRITE_INTERVAL_MS) return;
    const values = [{ name: NAME, value: String(settledUntilUnixMs) }];
    await this.#client.insert({ table: "spancost.maintenance_state", values, format: "JSONEachRow" });
    this.#writtenUnixMs = settledUntilUnixMs;
  }
}
