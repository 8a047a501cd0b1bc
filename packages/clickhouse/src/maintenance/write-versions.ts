import type { ClickHouseClient } from "@clickhouse/client";
import { quoteText } from "../quote.ts";
import type { HourKey, HourMarks } from "./hour-marks.ts";
import { ONE_PART } from "./one-part.ts";

/** A row's place in the ledger. */
export interface Place {
  /** `<trace id>:<span id>`. */
  readonly key: string;
  readonly tenantId: string;
  /** Start of the hour, in seconds since 1970. */
  readonly hourUnix: bigint;
}

/** A call that gets a new version. */
export interface Change<Column extends string> extends Place {
  /** New values by column; `null` is NULL. */
  readonly values: Readonly<Record<Column, string | null>>;
}

/** Where versions are written to. */
export interface Ledger {
  readonly client: ClickHouseClient;
  /** Every hour that gets a version is marked before. */
  readonly marks: HourMarks;
}

/** What changes rows: why, which columns, and their types. */
export interface ChangeKind<Column extends string> {
  /** Stands in the history as `replaced_by`. */
  readonly replacedBy: string;
  readonly columns: Readonly<Record<Column, string>>;
}

const HISTORY_COLUMNS = [
  "tenant_id",
  "hour",
  "trace_id",
  "span_id",
  "version",
  "user_id",
  "feature",
  "provider",
  "model",
  "list_cost",
  "cost",
  "cost_status",
  "cost_reason",
  "rate_version",
  "duplicate_of",
  "settle_reason",
].join(", ");

/** Changes written by one statement, which reads every granule that holds one of them: some MiB of text, far below what the engine takes. */
const CHANGES_A_STATEMENT = 5_000;

/**
 * Writes new versions of calls, and keeps the old ones in the history. A call that moves to another tenant leaves a tombstone at its
 * old key, in the same insert. Interrupted anywhere, it can be run again: a history row and a version that are there already stay one.
 */
export async function writeVersions<Column extends string>(
  ledger: Ledger,
  kind: ChangeKind<Column>,
  changes: readonly Change<Column>[],
  signal?: AbortSignal,
): Promise<void> {
  for (const some of chunk(changes)) {
    signal?.throwIfAborted();
    const current = selectCurrent(some);
    const hours = some.flatMap((change) => [toHourKey(change), toHourKey({ ...change, ...newTenant(change) })]);
    await write(ledger, hours, kind.replacedBy, current, insertVersions(kind, some, current));
  }
}

/** Takes rows out of the ledger by tombstones; what they said stays in the history. */
export async function dropRows(ledger: Ledger, replacedBy: string, places: readonly Place[]): Promise<void> {
  for (const some of chunk(places)) {
    const current = selectCurrent(some);
    const query = `INSERT INTO spancost.llm_calls SELECT c.* REPLACE (c.version + 1 AS version, 1 AS is_deleted) FROM (${current}) AS c`;
    await write(ledger, some.map(toHourKey), replacedBy, current, query);
  }
}

/** Writes what a statement says over the rows at some places, and keeps what a query finds in the history. */
export async function replaceRows(
  ledger: Ledger,
  replacedBy: string,
  places: readonly Place[],
  replaced: string,
  query: string,
): Promise<void> {
  await write(ledger, places.map(toHourKey), replacedBy, replaced, query);
}

/** The mark, the history, then the versions: each is there before what needs it. */
async function write(
  { client, marks }: Ledger,
  hours: readonly HourKey[],
  replacedBy: string,
  current: string,
  query: string,
): Promise<void> {
  const inFlight = await marks.begin(hours);
  try {
    await keepHistory(client, replacedBy, current);
    await client.command({ query, clickhouse_settings: ONE_THREAD });
  } finally {
    // A statement that failed here and goes on in the database ends before the grace does.
    inFlight.done();
  }
}

/** One thread writes one part in each partition. */
const ONE_THREAD = { ...ONE_PART, max_threads: 1 } as const;

async function keepHistory(client: ClickHouseClient, replacedBy: string, current: string): Promise<void> {
  await client.command({
    clickhouse_settings: ONE_THREAD,
    query: `INSERT INTO spancost.llm_calls_history (replaced_by, ${HISTORY_COLUMNS})
SELECT ${quoteText(replacedBy)}, ${HISTORY_COLUMNS} FROM (${current})`,
  });
}

function toHourKey({ tenantId, hourUnix }: Place): HourKey {
  return { tenantId, hourUnix: Number(hourUnix) };
}

/** Where a call moves to, when it does. */
function newTenant({ values }: Change<string>): { tenantId?: string } {
  const tenantId = values["tenant_id"];
  return typeof tenantId === "string" ? { tenantId } : {};
}

function chunk<T>(items: readonly T[]): T[][] {
  const count = Math.ceil(items.length / CHANGES_A_STATEMENT);
  return Array.from({ length: count }, (_, at) =>
    items.slice(at * CHANGES_A_STATEMENT, (at + 1) * CHANGES_A_STATEMENT),
  );
}

/**
 * The newest versions of the rows at some places. Tenants and hours stand apart as well, since the ledger is sorted by them. All versions
 * of a row have its trace, so rows that are left out before FINAL supersede none that are not.
 */
function selectCurrent(places: readonly Place[]): string {
  const tenants = unique(places.map(({ tenantId }) => quoteText(tenantId)));
  const hours = unique(places.map(({ hourUnix }) => toHour(hourUnix)));
  const ids = places.map(({ key }) => key.split(":"));
  const traces = unique(ids.map(([traceId = ""]) => quoteText(traceId)));
  const keys = places.map(({ tenantId, hourUnix }, at) => {
    const [traceId = "", spanId = ""] = ids[at] ?? [];
    return `(${quoteText(tenantId)}, ${hourUnix}, ${quoteText(traceId)}, ${quoteText(spanId)})`;
  });
  return `SELECT * FROM spancost.llm_calls FINAL
PREWHERE trace_id IN (SELECT toFixedString(unhex(arrayJoin([${traces.join(", ")}])), 16))
WHERE tenant_id IN (${tenants.join(", ")}) AND hour IN (${hours.join(", ")})
    AND (tenant_id, hour, trace_id, span_id) IN (
        SELECT key.1, toDateTime(key.2, 'UTC'), toFixedString(unhex(key.3), 16), toFixedString(unhex(key.4), 8)
        FROM (SELECT arrayJoin([${keys.join(", ")}]::Array(Tuple(String, UInt32, String, String))) AS key)
    )`;
}

function toHour(hourUnix: bigint): string {
  return `fromUnixTimestamp(${hourUnix})`;
}

function insertVersions<Column extends string>(
  { columns }: ChangeKind<Column>,
  changes: readonly Change<Column>[],
  current: string,
): string {
  const names = Object.keys(columns) as Column[];
  const tuples = changes.map(
    ({ key, values }) => `(${[key, ...names.map((name) => values[name] ?? "")].map(quoteText).join(", ")})`,
  );
  const texts = ["key", ...names].map(() => "String").join(", ");
  const wanted = names.map((name, at) => `${fromText(`row.${at + 2}`, columns[name])} AS new_${name}`);
  const moves = names.includes("tenant_id" as Column);
  // Where a call moves, each row is read once and written twice.
  const replaced = [
    ...names.map((name) => `if(is_tombstone, c.${name}, w.new_${name}) AS ${name}`),
    "c.version + 1 AS version",
    "is_tombstone AS is_deleted",
  ];
  return `INSERT INTO spancost.llm_calls
WITH wanted AS (
    SELECT row.1 AS key, ${wanted.join(", ")} FROM (SELECT arrayJoin([${tuples.join(", ")}]::Array(Tuple(${texts}))) AS row)
)
SELECT c.* REPLACE (${replaced.join(", ")})
FROM (${current}) AS c INNER JOIN wanted AS w ON lower(hex(c.trace_id)) || ':' || lower(hex(c.span_id)) = w.key
ARRAY JOIN ${moves ? "if(c.tenant_id != w.new_tenant_id, [0, 1], [0])" : "[0]"} AS is_tombstone`;
}

/** The value of a text; where there may be none, that is the empty one. */
function fromText(text: string, type: string): string {
  return `CAST(${type.startsWith("Nullable(") ? `nullIf(${text}, '')` : text}, ${quoteText(type)})`;
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
