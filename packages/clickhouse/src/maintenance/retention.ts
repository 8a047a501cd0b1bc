import type { ClickHouseClient } from "@clickhouse/client";
import { quoteText } from "../quote.ts";
import { markHours } from "./hour-marks.ts";
import { type Partition, queryPartitions } from "./partitions.ts";
import { queryNow } from "./settle-queries.ts";

/** For how many days rows are kept, by the time of the call or span; 0 = for ever. */
export interface RetentionDays {
  readonly ledger: number;
  /** Raw spans, `otel_traces`. */
  readonly spans: number;
  readonly history: number;
}

/** How many rows went, versions and redeliveries included. */
export type RetentionResult = { readonly [what in keyof RetentionDays]: number };

const DAY_MS = 86_400_000;
const DAYS_A_WEEK = 7;

/**
 * Drops partitions whose last moment is older than their retention: weeks of the ledger with their roll-up and of the history, days of raw
 * spans. An hour is marked before its rows go, and the sealer takes the mark away; so it can end anywhere and run again.
 */
export class Retention {
  readonly #client: ClickHouseClient;
  readonly #days: RetentionDays;
  readonly #now: () => Promise<number>;

  /** @param now the wall clock in milliseconds since 1970. @default the database's */
  constructor(client: ClickHouseClient, days: RetentionDays, now: () => Promise<number> = () => queryNow(client)) {
    this.#client = client;
    this.#days = days;
    this.#now = now;
  }

  async run(signal?: AbortSignal): Promise<RetentionResult> {
    const now = await this.#now();
    const { ledger, spans, history } = this.#days;
    await this.#markOldHours(now);
    const dropped = {
      ledger: await this.#drop("llm_calls", now, ledger, DAYS_A_WEEK, signal),
      spans: await this.#drop("otel_traces", now, spans, 1, signal),
      history: await this.#drop("llm_calls_history", now, history, DAYS_A_WEEK, signal),
    };
    await this.#drop("spend_hourly", now, ledger, DAYS_A_WEEK, signal);
    return dropped;
  }

  async #markOldHours(now: number): Promise<void> {
    const old = [
      ...(await this.#findOld("llm_calls", now, this.#days.ledger, DAYS_A_WEEK)),
      ...(await this.#findOld("spend_hourly", now, this.#days.ledger, DAYS_A_WEEK)),
    ];
    for (const { id } of old) {
      const week = `_partition_id = ${quoteText(id)}`;
      await markHours(
        this.#client,
        `SELECT tenant_id, hour FROM spancost.llm_calls WHERE ${week} UNION ALL SELECT tenant_id, hour FROM spancost.spend_hourly WHERE ${week}`,
      );
    }
  }

  async #drop(
    table: string,
    now: number,
    days: number,
    partitionDays: number,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    let dropped = 0;
    for (const { id, rows } of await this.#findOld(table, now, days, partitionDays)) {
      signal?.throwIfAborted();
      await this.#client.command({ query: `ALTER TABLE spancost.${table} DROP PARTITION ID ${quoteText(id)}` });
      dropped += rows;
    }
    return dropped;
  }

  /** Partitions that have ended so many days ago. */
  async #findOld(table: string, now: number, days: number, partitionDays: number): Promise<Partition[]> {
    if (days === 0) return [];
    const partitions = await queryPartitions(this.#client, table);
    return partitions.filter(({ firstDay }) => Date.parse(firstDay) + (partitionDays + days) * DAY_MS <= now);
  }
}
