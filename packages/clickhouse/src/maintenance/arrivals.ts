import type { ClickHouseClient } from "@clickhouse/client";
import { select, type TimeSpan, toTimes } from "./settle-queries.ts";

/** A row can become visible this long after the time it is stamped with: an insert may take a minute. */
const INSERT_LATENCY_MS = 90_000;
/** New rows that a run looks at: they are held in memory, at about 60 bytes a call. */
const MAX_ROWS = 1_000_000;
/** More than both tables can have of those that are known, a millisecond each; after a long time away, the oldest come first. */
const MAX_STAMPS = 200_000;

/** Times that rows are stamped with, in milliseconds since 1970 by the database's clock, both included. */
interface StampRange {
  readonly firstMs: number;
  lastMs: number;
}

/** The rows of a table with one stamp, as a rule of one insert: how many, and when what they tell of began. */
interface Stamp extends TimeSpan {
  readonly table: "calls" | "spans";
  readonly ms: number;
  readonly rows: number;
}

/** Rows that a run looks at: which, how many, and when what they tell of began. */
export interface Arrivals extends TimeSpan {
  /** By `ingested_at` of `llm_calls`. */
  readonly calls: readonly StampRange[];
  /** By `IngestedAt` of `otel_traces`. */
  readonly spans: readonly StampRange[];
  readonly rows: number;
  /** Whether more came than one run looks at. */
  readonly isBehind: boolean;
  /** When these rows were looked at, all with an earlier stamp are, and no more of them can come. */
  readonly knownUntilMs: number;
  /** What was counted, up to where the run looks. */
  readonly counted: readonly Stamp[];
}

/**
 * Knows which rows were looked at, and so which are new. Rows become visible later than the time that they are stamped with, but those of an
 * insert all at once: so it keeps how many rows each stamp had, for as long as others can come. A stamp that has more is looked at again,
 * since two inserts can share a millisecond; one that has fewer lost them to a later delivery, in a merge. Versions of maintenance have
 * the stamps of what they replace, and are no arrivals.
 */
export class ArrivalLog {
  readonly #client: ClickHouseClient;
  readonly #maxRows: number;
  #knownUntilMs: number;
  readonly #rowsByStamp = { calls: new Map<number, number>(), spans: new Map<number, number>() };

  /** @param knownUntilMs rows with an earlier stamp were looked at by an earlier process */
  constructor(client: ClickHouseClient, knownUntilMs: number, maxRows = MAX_ROWS) {
    this.#client = client;
    this.#knownUntilMs = knownUntilMs;
    this.#maxRows = maxRows;
  }

  /**
   * What is new, or as much of it as a run may look at, the oldest first; these again until they are done.
   * @param nowMs by the database's clock, before this is asked
   */
  async next(nowMs: number): Promise<Arrivals> {
    const completeMs = nowMs - INSERT_LATENCY_MS;
    // A clock that was set back must not hide what comes now.
    const stamps = await queryStamps(this.#client, Math.min(this.#knownUntilMs, completeMs));
    const counted: Stamp[] = [];
    const taken = new Set<Stamp>();
    let rows = 0;
    // A full list may lack what comes with its last stamp, and lacks all after it.
    let left = stamps[MAX_STAMPS - 1];
    for (const stamp of stamps) {
      if (this.#isNew(stamp)) {
        if (rows > 0 && rows + stamp.rows > this.#maxRows) {
          left = stamp;
          break;
        }
        taken.add(stamp);
        rows += stamp.rows;
      }
      counted.push(stamp);
    }
    return {
      ...toTimes([...taken]),
      calls: toRanges(counted, "calls", taken),
      spans: toRanges(counted, "spans", taken),
      rows,
      isBehind: left !== undefined,
      knownUntilMs: Math.min(completeMs, left?.ms ?? Infinity),
      counted,
    };
  }

  /** Told when everything of a run was looked at. */
  done({ counted, knownUntilMs }: Arrivals): void {
    for (const { table, ms, rows } of counted) this.#rowsByStamp[table].set(ms, rows);
    for (const known of Object.values(this.#rowsByStamp))
      for (const ms of known.keys()) if (ms < knownUntilMs) known.delete(ms);
    this.#knownUntilMs = knownUntilMs;
  }

  #isNew({ table, ms, rows }: Stamp): boolean {
    return rows > (this.#rowsByStamp[table].get(ms) ?? 0);
  }
}

/** Whether a row has one of these stamps. */
export function toArrived(column: string, ranges: readonly StampRange[]): string {
  const within = ranges.map(({ firstMs, lastMs }) => `${column} BETWEEN ${toTime(firstMs)} AND ${toTime(lastMs)}`);
  return within.length === 0 ? "false" : `(${within.join(" OR ")})`;
}

function toTime(ms: number): string {
  return `fromUnixTimestamp64Milli(${ms})`;
}

/** As few as hold what is taken of a table, and nothing else of it. */
function toRanges(stamps: readonly Stamp[], table: Stamp["table"], taken: ReadonlySet<Stamp>): StampRange[] {
  const ranges: StampRange[] = [];
  let open: StampRange | undefined;
  for (const stamp of stamps.filter((each) => each.table === table)) {
    if (!taken.has(stamp)) open = undefined;
    else if (open === undefined) ranges.push((open = { firstMs: stamp.ms, lastMs: stamp.ms }));
    else open.lastMs = stamp.ms;
  }
  return ranges;
}

function queryStamps(client: ClickHouseClient, sinceMs: number): Promise<Stamp[]> {
  return select<Stamp>(
    client,
    `SELECT * FROM (
    SELECT 'calls' AS table, toFloat64(toUnixTimestamp64Milli(ingested_at)) AS ms, toUInt32(count()) AS rows,
        toUnixTimestamp(min(hour)) AS fromUnix, toUnixTimestamp(max(hour)) AS toUnix
    FROM spancost.llm_calls WHERE ingested_at >= ${toTime(sinceMs)} AND version = 0 GROUP BY ingested_at
    UNION ALL
    SELECT 'spans' AS table, toFloat64(toUnixTimestamp64Milli(IngestedAt)) AS ms, toUInt32(count()) AS rows,
        toUnixTimestamp(toDateTime(min(Timestamp), 'UTC')) AS fromUnix, toUnixTimestamp(toDateTime(max(Timestamp), 'UTC')) AS toUnix
    FROM spancost.otel_traces WHERE IngestedAt >= ${toTime(sinceMs)} GROUP BY IngestedAt
) ORDER BY ms LIMIT ${MAX_STAMPS}`,
  );
}
