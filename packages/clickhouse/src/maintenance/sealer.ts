import type { ClickHouseClient } from "@clickhouse/client";
import { quoteText } from "../quote.ts";
import { selectRows } from "../select-rows.ts";
import { type HourKey, type HourMarks, NEWEST_MARK } from "./hour-marks.ts";
import { ONE_PART } from "./one-part.ts";

/** What one run did. */
export interface SealResult {
  /** Hours that are read from the roll-up from now on. */
  readonly sealed: number;
  /** Hours that are read from the ledger, as counted before. */
  readonly pending: number;
}

/** Options of the sealer. */
export interface SealerOptions {
  /**
   * How long nothing must have been marked in an hour before it is sealed, in milliseconds. With several processes, more than any of them
   * takes from the start of a mark until its rows are in the ledger.
   * @default 120000
   */
  readonly graceMs?: number;
  /** A monotonic clock in milliseconds. @default performance.now */
  readonly now?: () => number;
}

const DEFAULT_GRACE_MS = 120_000;
/** Hours read, and sealed, at a time. */
const HOURS_A_PAGE = 20_000;
/** Rows of the ledger that one statement adds up, unless a single hour has more. */
const ROWS_A_STATEMENT = 4_000_000;
const SECONDS_A_WEEK = 604_800;

interface PendingHour extends HourKey {
  readonly version: string;
}

/**
 * Makes pending hours sealed: adds them up into the roll-up, then takes their marks away. A mark that came meanwhile is newer and stays. It
 * can end anywhere and run again, and a second one at the same time does no harm.
 */
export class Sealer {
  readonly #client: ClickHouseClient;
  readonly #marks: HourMarks;
  readonly #graceMs: number;
  readonly #now: () => number;
  /** The newest numbers of the sequence, and when they were there, in order. */
  #seen: { readonly atMs: number; readonly newest: string }[] = [];

  constructor(
    client: ClickHouseClient,
    marks: HourMarks,
    { graceMs = DEFAULT_GRACE_MS, now = () => performance.now() }: SealerOptions = {},
  ) {
    this.#client = client;
    this.#marks = marks;
    this.#graceMs = graceMs;
    this.#now = now;
  }

  /** Seals the hours whose marks are older than the grace and that have no rows on their way. */
  async run(signal?: AbortSignal): Promise<SealResult> {
    const quiet = await this.#readQuiet();
    const weeks = await queryWeeks(this.#client);
    let sealed = 0;
    for (const { weekUnix } of quiet === undefined ? [] : weeks) {
      let after: PendingHour | undefined;
      do {
        signal?.throwIfAborted();
        const page = await queryPage(this.#client, weekUnix, quiet ?? "0", after);
        after = page.length < HOURS_A_PAGE ? undefined : page.at(-1);
        sealed += await this.#seal(page, signal);
      } while (after !== undefined);
    }
    return { sealed, pending: weeks.reduce((sum, { hours }) => sum + hours, 0) };
  }

  /** Takes the marks of sealed hours, and superseded ones, off the disk. */
  async cleanUp(): Promise<void> {
    await this.#client.command({ query: "OPTIMIZE TABLE spancost.hour_marks FINAL CLEANUP" });
  }

  /** The newest number that was there a grace ago: a mark up to it is that old, or its statement is. */
  async #readQuiet(): Promise<string | undefined> {
    const [row] = await select<{ newest: string }>(this.#client, `SELECT (${NEWEST_MARK}) AS newest`);
    const atMs = this.#now();
    this.#seen.push({ atMs, newest: row?.newest ?? "0" });
    const last = this.#seen.findLastIndex((seen) => atMs - seen.atMs >= this.#graceMs);
    this.#seen = this.#seen.slice(Math.max(last, 0));
    return last < 0 ? undefined : this.#seen[0]?.newest;
  }

  async #seal(page: readonly PendingHour[], signal: AbortSignal | undefined): Promise<number> {
    const hours = page.filter((hour) => this.#marks.claim(hour, this.#graceMs));
    for (const batch of splitByRows(hours, await countRows(this.#client, hours))) {
      signal?.throwIfAborted();
      await this.#client.command({ query: addUp(batch), clickhouse_settings: ONE_PART });
      await this.#client.command({ query: publish(batch), clickhouse_settings: ONE_PART });
    }
    return hours.length;
  }
}

async function queryWeeks(client: ClickHouseClient): Promise<{ weekUnix: number; hours: number }[]> {
  const rows = await select<{ week: number; hours: string }>(
    client,
    `SELECT toUnixTimestamp(toDateTime(toMonday(hour), 'UTC')) AS week, count() AS hours
FROM spancost.hour_marks FINAL WHERE hour > toDateTime(0, 'UTC') GROUP BY week ORDER BY week`,
  );
  return rows.map(({ week, hours }) => ({ weekUnix: week, hours: Number(hours) }));
}

async function queryPage(
  client: ClickHouseClient,
  weekUnix: number,
  quiet: string,
  after: PendingHour | undefined,
): Promise<PendingHour[]> {
  const cursor =
    after === undefined
      ? ""
      : `AND tenant_id >= ${quoteText(after.tenantId)} AND (tenant_id, hour) > (${quoteText(after.tenantId)}, toDateTime(${after.hourUnix}, 'UTC'))`;
  const rows = await select<{ tenant_id: string; hour_unix: number; mark: string }>(
    client,
    `SELECT tenant_id, toUnixTimestamp(hour) AS hour_unix, version AS mark FROM spancost.hour_marks FINAL
WHERE hour > toDateTime(0, 'UTC') AND hour >= toDateTime(${weekUnix}, 'UTC') AND hour < toDateTime(${weekUnix + SECONDS_A_WEEK}, 'UTC') AND version <= ${quiet} ${cursor}
ORDER BY tenant_id, hour LIMIT ${HOURS_A_PAGE}`,
  );
  return rows.map(({ tenant_id, hour_unix, mark }) => ({
    tenantId: tenant_id,
    hourUnix: hour_unix,
    version: mark,
  }));
}

/** How many rows of the ledger the hours have, versions and redeliveries included, in their order. */
async function countRows(client: ClickHouseClient, hours: readonly PendingHour[]): Promise<number[]> {
  if (hours.length === 0) return [];
  const rows = await select<{ tenant_id: string; hour_unix: number; rows: string }>(
    client,
    `SELECT tenant_id, toUnixTimestamp(hour) AS hour_unix, count() AS rows FROM spancost.llm_calls
WHERE ${toRange(hours)} AND (tenant_id, hour) IN (SELECT tenant_id, hour FROM (${toTable(hours)})) GROUP BY tenant_id, hour`,
  );
  const counts = new Map(rows.map((row) => [`${row.hour_unix} ${row.tenant_id}`, Number(row.rows)]));
  return hours.map(({ tenantId, hourUnix }) => counts.get(`${hourUnix} ${tenantId}`) ?? 0);
}

function splitByRows(hours: readonly PendingHour[], counts: readonly number[]): PendingHour[][] {
  const batches: PendingHour[][] = [];
  let room = 0;
  for (const [index, hour] of hours.entries()) {
    const rows = counts[index] ?? 0;
    const batch = batches.at(-1);
    if (batch === undefined || rows > room) {
      batches.push([hour]);
      room = ROWS_A_STATEMENT - rows;
    } else {
      batch.push(hour);
      room -= rows;
    }
  }
  return batches;
}

/** The smallest range of the tables' order that holds the hours: what is outside is not read. */
function toRange(hours: readonly PendingHour[]): string {
  const times = hours.map(({ hourUnix }) => hourUnix);
  const [least, most] = [times.reduce((a, b) => Math.min(a, b)), times.reduce((a, b) => Math.max(a, b))];
  return `hour >= toDateTime(${least}, 'UTC') AND hour <= toDateTime(${most}, 'UTC')`;
}

/** Hours as a query with `tenant_id`, `hour` and `version`. */
function toTable(hours: readonly PendingHour[]): string {
  const tuples = hours.map(({ tenantId, hourUnix, version }) => `(${quoteText(tenantId)}, ${hourUnix}, ${version})`);
  return `SELECT key.1 AS tenant_id, toDateTime(key.2, 'UTC') AS hour, key.3 AS version FROM (SELECT arrayJoin([${tuples.join(", ")}]::Array(Tuple(String, UInt32, UInt64))) AS key)`;
}

const KEY = "tenant_id, hour, user_id, feature, provider, model";
const FIGURES = [
  "calls",
  "errors",
  "unpriced_calls",
  "unknown_calls",
  "rejected_calls",
  "lower_bound_calls",
  "input_tokens",
  "cache_read_tokens",
  "cache_write_tokens",
  "output_tokens",
  "reasoning_tokens",
  "list_cost",
  "cost",
];

/**
 * Writes the sums of some hours, and nothing for what is no group of theirs any more. An hour whose mark is another by now is left out: a
 * statement that comes late must not write what was true before. A row's version is that of the mark it seals, so what was added up from
 * an older state never wins.
 */
function addUp(hours: readonly PendingHour[]): string {
  const sums = FIGURES.map((name) => `sum(s.${name}) AS ${name}`).join(", ");
  const nothing = FIGURES.map((name) => (name.endsWith("cost") ? "toDecimal128(0, 12)" : "0")).join(", ");
  const these = `${toRange(hours)} AND (tenant_id, hour) IN (SELECT mark.1, mark.2 FROM (SELECT arrayJoin(live) AS mark))`;
  return `INSERT INTO spancost.spend_hourly (${KEY}, ${FIGURES.join(", ")}, version)
WITH (SELECT groupArray((tenant_id, hour, version)) FROM spancost.hour_marks FINAL WHERE (tenant_id, hour, version) IN (${toTable(hours)})) AS live
SELECT ${KEY}, ${FIGURES.join(", ")}, m.version + 1
FROM (
    SELECT ${KEY}, ${sums}
    FROM (
        SELECT ${KEY},
            toUInt64(1) AS calls, toUInt64(is_error) AS errors, toUInt64(cost_status = 'unpriced') AS unpriced_calls,
            toUInt64(cost_status = 'unknown_usage') AS unknown_calls, toUInt64(cost_status = 'rejected') AS rejected_calls,
            toUInt64(usage_is_lower_bound) AS lower_bound_calls, ifNull(input_tokens, 0) AS input_tokens,
            ifNull(cache_read_tokens, 0) AS cache_read_tokens,
            ifNull(cache_write_5m_tokens, 0) + ifNull(cache_write_1h_tokens, 0) AS cache_write_tokens,
            ifNull(output_tokens, 0) AS output_tokens, ifNull(reasoning_tokens, 0) AS reasoning_tokens,
            ifNull(list_cost, toDecimal128(0, 12)) AS list_cost, ifNull(cost, toDecimal128(0, 12)) AS cost
        FROM spancost.llm_calls FINAL WHERE duplicate_of = '' AND ${these}
        UNION ALL
        SELECT DISTINCT ${KEY}, ${nothing} FROM spancost.spend_hourly WHERE ${these}
    ) AS s
    GROUP BY ${KEY}
) AS g
INNER JOIN (SELECT mark.1 AS tenant_id, mark.2 AS hour, mark.3 AS version FROM (SELECT arrayJoin(live) AS mark)) AS m USING (tenant_id, hour)`;
}

/** Takes exactly these marks away. */
function publish(hours: readonly PendingHour[]): string {
  return `INSERT INTO spancost.hour_marks (tenant_id, hour, version, is_deleted) SELECT tenant_id, hour, version + 1, 1 FROM (${toTable(hours)})`;
}

function select<Row>(client: ClickHouseClient, query: string): Promise<Row[]> {
  return selectRows<Row>(client, query, { max_query_size: ONE_PART.max_query_size });
}
