import type { ClickHouseClient } from "@clickhouse/client";
import { quoteText } from "../quote.ts";
import { ONE_PART } from "./one-part.ts";

/** A tenant's hour: what is sealed as one. */
export interface HourKey {
  readonly tenantId: string;
  /** Start of the hour, in seconds since 1970. */
  readonly hourUnix: number;
}

/** Rows on their way into the ledger; their hours are not sealed meanwhile. */
export interface InFlight {
  /** Marks the hours again where that is due. Call it before each further attempt. */
  refresh(): Promise<void>;
  /** The rows are in the ledger. Never called for an insert whose outcome is unknown: a later success says so. Idempotent. */
  done(): void;
}

/** Options of the marks. */
export interface HourMarksOptions {
  /**
   * For how long a mark is not written again, in milliseconds. `Infinity` where no other process seals: our own sealer says when it
   * takes an hour. Otherwise, with the longest time from the start of a mark until its rows are in the ledger, less than the grace.
   * @default 30000
   */
  readonly freshMs?: number;
  /** A monotonic clock in milliseconds. @default performance.now */
  readonly now?: () => number;
}

const DEFAULT_FRESH_MS = 30_000;

interface Mark {
  /** When its statement was started. */
  readonly writtenMs: number;
  readonly durable: Promise<void>;
  /** When rows were last on their way under it. */
  usedMs: number;
}

/**
 * Says of every hour that gets rows that it is pending, before the rows are written: `spend` reads a pending hour from the ledger. Marks
 * are numbered by a sequence that the database keeps, so no clock decides which is newer.
 */
export class HourMarks {
  readonly #client: ClickHouseClient;
  readonly #freshMs: number;
  readonly #now: () => number;
  readonly #marks = new Map<string, Mark>();
  /** How many have rows on their way, by hour. */
  readonly #inFlight = new Map<string, number>();

  constructor(
    client: ClickHouseClient,
    { freshMs = DEFAULT_FRESH_MS, now = () => performance.now() }: HourMarksOptions = {},
  ) {
    this.#client = client;
    this.#freshMs = freshMs;
    this.#now = now;
  }

  /** Resolves when the hours are marked durably; only then may their rows be written. Rejects with nothing in flight. */
  async begin(keys: Iterable<HourKey>): Promise<InFlight> {
    const hours = new Map([...keys].map((key) => [toName(key), key]));
    for (const name of hours.keys()) this.#inFlight.set(name, (this.#inFlight.get(name) ?? 0) + 1);
    let ended = false;
    const done = () => {
      if (ended) return;
      ended = true;
      for (const name of hours.keys()) this.#leave(name);
    };
    try {
      await this.#mark(hours);
    } catch (error) {
      done();
      throw error;
    }
    return { refresh: () => this.#mark(hours), done };
  }

  /**
   * Takes an hour for sealing: from now on, rows for it get a new mark. `false` while rows are on their way, or were within `quietMs`.
   */
  claim(key: HourKey, quietMs: number): boolean {
    const name = toName(key);
    const mark = this.#marks.get(name);
    if (this.#inFlight.has(name) || (mark !== undefined && this.#now() - mark.usedMs < quietMs)) return false;
    this.#marks.delete(name);
    return true;
  }

  #leave(name: string): void {
    const others = (this.#inFlight.get(name) ?? 0) - 1;
    if (others > 0) this.#inFlight.set(name, others);
    else this.#inFlight.delete(name);
    const mark = this.#marks.get(name);
    if (mark !== undefined) mark.usedMs = this.#now();
  }

  async #mark(hours: ReadonlyMap<string, HourKey>): Promise<void> {
    const now = this.#now();
    const olderThan = (ageMs: number) =>
      [...hours].filter(([name]) => !(now - (this.#marks.get(name)?.writtenMs ?? -Infinity) < ageMs));
    // Where one has to be written, those that will have to be soon go with it.
    const due = olderThan(this.#freshMs).length === 0 ? [] : olderThan(this.#freshMs / 2);
    if (due.length > 0) this.#write(new Map(due), now);
    const marks = [...hours.keys()].flatMap((name) => this.#marks.get(name) ?? []);
    for (const mark of marks) mark.usedMs = now;
    await Promise.all(new Set(marks.map(({ durable }) => durable)));
  }

  #write(hours: ReadonlyMap<string, HourKey>, now: number): void {
    const durable = insertMarks(this.#client, [...hours.values()]);
    const mark = { writtenMs: now, durable };
    const marks = [...hours.keys()].map((name) => [name, { ...mark, usedMs: now }] as const);
    for (const [name, each] of marks) this.#marks.set(name, each);
    durable.catch(() => {
      for (const [name, each] of marks) if (this.#marks.get(name) === each) this.#marks.delete(name);
    });
    this.#forgetStale(now);
  }

  /** Marks that would be written again anyway need not be remembered. */
  #forgetStale(now: number): void {
    for (const [name, { writtenMs }] of this.#marks) {
      if (now - writtenMs >= this.#freshMs && !this.#inFlight.has(name)) this.#marks.delete(name);
    }
  }
}

/** Hours of one statement: with the longest names of tenants about a megabyte. */
const MARKS_A_STATEMENT = 1_000;

async function insertMarks(client: ClickHouseClient, keys: readonly HourKey[]): Promise<void> {
  for (let at = 0; at < keys.length; at += MARKS_A_STATEMENT)
    await insertSomeMarks(client, keys.slice(at, at + MARKS_A_STATEMENT));
}

/** One statement takes the next even number and writes it with all its marks, in one part. */
async function insertSomeMarks(client: ClickHouseClient, keys: readonly HourKey[]): Promise<void> {
  const tuples = keys.map(({ tenantId, hourUnix }) => `(${quoteText(tenantId)}, ${hourUnix})`);
  await markHours(
    client,
    `SELECT key.1 AS tenant_id, toDateTime(key.2, 'UTC') AS hour FROM (SELECT arrayJoin([${tuples.join(", ")}]::Array(Tuple(String, UInt32))) AS key)`,
  );
}

/**
 * Marks the hours that a query names in `tenant_id` and `hour`. The row of tenant '' at hour 0, which no call has, carries the newest
 * number: it stays when the marks of sealed hours are cleaned away, so the sequence never goes backwards.
 */
export async function markHours(client: ClickHouseClient, keys: string): Promise<void> {
  await client.command({
    query: `INSERT INTO spancost.hour_marks (tenant_id, hour, version, is_deleted)
WITH (${NEWEST_MARK}) AS newest
SELECT tenant_id, hour, newest + 2, 0 FROM (SELECT DISTINCT tenant_id, hour FROM (${keys}) UNION ALL SELECT '', toDateTime(0, 'UTC'))`,
    clickhouse_settings: ONE_PART,
  });
}

/** The newest number of the sequence, as a query. */
export const NEWEST_MARK =
  "SELECT max(version) FROM spancost.hour_marks WHERE tenant_id = '' AND hour = toDateTime(0, 'UTC')";

function toName({ tenantId, hourUnix }: HourKey): string {
  return `${hourUnix} ${tenantId}`;
}
