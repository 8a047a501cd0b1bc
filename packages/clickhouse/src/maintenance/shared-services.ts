import type { ClickHouseClient } from "@clickhouse/client";
import { select } from "./settle-queries.ts";

/** How long a service is taken for shared after one of its producers was replaced. To ask the ledger reads two columns of some days. */
const MAX_AGE_MS = 3_600_000;
/** What comes late begins earlier: not every such call is to be a reason to ask again. */
const MARGIN_SECONDS = 86_400;

/**
 * Services whose calls come from several producers: two of them may have seen one call. What the ledger holds is asked for now and then, and
 * what came since is added with each run.
 */
export class SharedServices {
  readonly #client: ClickHouseClient;
  readonly #now: () => number;
  #producersByService = new Map<string, Set<string>>();
  /** From which time on the ledger was asked, in seconds since 1970, and when that was. */
  #knownFromUnix = Infinity;
  #askedMs = -Infinity;

  /** @param now a monotonic clock in milliseconds */
  constructor(client: ClickHouseClient, now: () => number = () => performance.now()) {
    this.#client = client;
    this.#now = now;
  }

  /**
   * Those of the calls that start since `fromUnix`, and maybe others.
   * @param arrived tells the rows that came since the last run, and may be more
   */
  async find(arrived: string, fromUnix: number): Promise<string[]> {
    if (fromUnix < this.#knownFromUnix || this.#now() - this.#askedMs > MAX_AGE_MS) {
      const knownFromUnix = Math.max(fromUnix - MARGIN_SECONDS, 0);
      const known = new Map<string, Set<string>>();
      await this.#add(known, `hour >= toStartOfHour(toDateTime(${knownFromUnix}, 'UTC'))`);
      this.#producersByService = known;
      [this.#knownFromUnix, this.#askedMs] = [knownFromUnix, this.#now()];
    }
    await this.#add(this.#producersByService, arrived);
    return [...this.#producersByService].flatMap(([service, producers]) => (producers.size > 1 ? [service] : []));
  }

  /** The least and the greatest of a service's producers tell whether it has several, at the cost of no set for each. */
  async #add(producersByService: Map<string, Set<string>>, where: string): Promise<void> {
    const rows = await select<{ service: string; first: string; last: string }>(
      this.#client,
      `SELECT service, min(scope_name) AS first, max(scope_name) AS last FROM spancost.llm_calls WHERE ${where} GROUP BY service`,
    );
    for (const { service, first, last } of rows) {
      const producers = producersByService.get(service) ?? new Set();
      producersByService.set(service, producers.add(first).add(last));
    }
  }
}
