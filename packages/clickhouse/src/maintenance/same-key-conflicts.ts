import { quoteText } from "../quote.ts";
import { select, type TimeSpan, toHours } from "./settle-queries.ts";
import { type Ledger, type Place, replaceRows } from "./write-versions.ts";

/** What follows from the span and the prices of the moment, or from its arrival: other values of these are no other contents. */
const NOT_OF_THE_SPAN =
  "provider, model, list_cost, cost, cost_status, cost_reason, rate_version, ingested_at, version, is_deleted";
const CONTENTS = `cityHash64(toString(tuple(* EXCEPT (${NOT_OF_THE_SPAN}))))`;
/** The one that says most of whom it belongs to counts, then the one that knows its usage, then a fixed order. */
const PRECEDENCE = `(arrayCount(own -> own != '', [own_tenant_id, own_user_id, own_feature, own_task, own_task_id]),
    isNotNull(input_tokens) + isNotNull(output_tokens), ${CONTENTS})`;
const KEY = "tenant_id, hour, trace_id, span_id";

interface KeyRecord {
  readonly tenant: string;
  readonly hour_unix: number;
  readonly trace: string;
  readonly span: string;
}

/**
 * Finds spans that came again with other contents under the same key, and lets one of them count whatever the order; the other goes into
 * the history. It sees them as long as the database has not merged them into one, and no version was written yet: a merge that comes
 * first keeps the last delivery, and nothing can tell.
 * @returns how many were found
 */
export async function settleSameKeys(ledger: Ledger, traces: readonly string[], times: TimeSpan): Promise<number> {
  const several = await queryKeys(ledger, from(traces, times), "count() > 1 AND max(version) = 0");
  if (several.length === 0) return 0;
  const rows = `${from([...new Set(several.map(({ trace }) => trace))], times)} AND (${KEY}) IN (${toKeys(several)})`;
  return settleConflicts(ledger, rows, times);
}

/** As `settleSameKeys`, of traces that hold one call each, which came more than once. */
export async function settleRepeated(ledger: Ledger, traces: readonly string[], times: TimeSpan): Promise<number> {
  return settleConflicts(ledger, from(traces, times), times);
}

async function settleConflicts(ledger: Ledger, rows: string, times: TimeSpan): Promise<number> {
  const conflicting = await queryKeys(ledger, rows, `max(version) = 0 AND uniqExact(${CONTENTS}) > 1`);
  if (conflicting.length === 0) return 0;
  const these = `${from([...new Set(conflicting.map(({ trace }) => trace))], times)} AND (${KEY}) IN (${toKeys(conflicting)})`;
  const ordered = (order: string) =>
    `SELECT * FROM (SELECT * ${these} ORDER BY ${PRECEDENCE} ${order} LIMIT 1 BY ${KEY})`;
  const query = `INSERT INTO spancost.llm_calls SELECT c.* REPLACE (c.version + 1 AS version) FROM (${ordered("DESC")}) AS c`;
  await replaceRows(ledger, "conflict", conflicting.map(toPlace), ordered("ASC"), query);
  return conflicting.length;
}

/** Rows as they were written, without FINAL. */
function from(traces: readonly string[], times: TimeSpan): string {
  return `FROM spancost.llm_calls
PREWHERE trace_id IN (SELECT toFixedString(unhex(arrayJoin([${traces.map(quoteText).join(", ")}])), 16))
WHERE ${toHours(times)}`;
}

async function queryKeys({ client }: Ledger, rows: string, having: string): Promise<KeyRecord[]> {
  return select<KeyRecord>(
    client,
    `SELECT tenant_id AS tenant, toUnixTimestamp(hour) AS hour_unix, lower(hex(trace_id)) AS trace, lower(hex(span_id)) AS span
${rows} GROUP BY ${KEY} HAVING ${having}`,
  );
}

function toKeys(keys: readonly KeyRecord[]): string {
  const tuples = keys.map(
    ({ tenant, hour_unix, trace, span }) =>
      `(${quoteText(tenant)}, ${hour_unix}, ${quoteText(trace)}, ${quoteText(span)})`,
  );
  return `SELECT key.1, toDateTime(key.2, 'UTC'), toFixedString(unhex(key.3), 16), toFixedString(unhex(key.4), 8)
    FROM (SELECT arrayJoin([${tuples.join(", ")}]::Array(Tuple(String, UInt32, String, String))) AS key)`;
}

function toPlace({ tenant, hour_unix, trace, span }: KeyRecord): Place {
  return { key: `${trace}:${span}`, tenantId: tenant, hourUnix: BigInt(hour_unix) };
}
