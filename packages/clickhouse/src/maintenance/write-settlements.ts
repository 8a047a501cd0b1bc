import type { ClickHouseClient } from "@clickhouse/client";
import type { Settlement } from "@spancost/core";
import { quoteText } from "../quote.ts";
import type { LedgerCall } from "./settle-queries.ts";

/** A call whose row changes, and to what. */
export interface Change {
  readonly call: LedgerCall;
  readonly settlement: Settlement;
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

/** Changes written by one statement: its text stays far below the engine's limit. */
const CHANGES_A_STATEMENT = 500;

/** What a settlement changes in the ledger, or `null` when the row says so already. */
export function toChange(call: LedgerCall, settlement: Settlement): Change | null {
  const { current } = call;
  const wanted = { ...settlement.attribution, duplicateOf: settlement.duplicateOf, reason: settlement.reason };
  const same = (Object.keys(wanted) as (keyof typeof wanted)[]).every((key) => wanted[key] === current[key]);
  return same ? null : { call, settlement };
}

/**
 * Writes new versions of calls, and keeps the old ones in the history. A call that moves to another tenant leaves a tombstone at its
 * old key, in the same insert. Interrupted anywhere, it can be run again: a history row and a version that are there already stay one.
 */
export async function writeSettlements(client: ClickHouseClient, changes: readonly Change[]): Promise<void> {
  for (let at = 0; at < changes.length; at += CHANGES_A_STATEMENT) {
    await writeSome(client, changes.slice(at, at + CHANGES_A_STATEMENT));
  }
}

async function writeSome(client: ClickHouseClient, changes: readonly Change[]): Promise<void> {
  const hours = [...new Set(changes.map(({ call }) => call.startTimeUnixNano / 3_600_000_000_000n))].map((hour) => hour * 3600n);
  const tenants = [...new Set(changes.map(({ call }) => quoteText(call.current.tenantId)))];
  const keys = changes.map(({ call }) => `(unhex('${call.traceId}'), unhex('${call.spanId}'))`);
  const current = `(SELECT * FROM spancost.llm_calls FINAL
    WHERE tenant_id IN (${tenants.join(", ")}) AND hour IN (${hours.map((hour) => `fromUnixTimestamp(${hour})`).join(", ")})
        AND (trace_id, span_id) IN (${keys.join(", ")}))`;
  await client.command({
    query: `INSERT INTO spancost.llm_calls_history (replaced_by, ${HISTORY_COLUMNS}) SELECT 'settle', ${HISTORY_COLUMNS} FROM ${current}`,
  });
  await client.command({
    query: `INSERT INTO spancost.llm_calls
WITH wanted AS (SELECT * FROM values('key String, tenant String, user String, new_feature String, new_task String, new_task_id String, winner String, reason String', ${changes.map(toTuple).join(", ")}))
SELECT c.* REPLACE (w.tenant AS tenant_id, w.user AS user_id, w.new_feature AS feature, w.new_task AS task, w.new_task_id AS task_id,
    w.winner AS duplicate_of, w.reason AS settle_reason, c.version + 1 AS version)
FROM ${current} AS c INNER JOIN wanted AS w ON lower(hex(c.trace_id)) || ':' || lower(hex(c.span_id)) = w.key
UNION ALL
SELECT c.* REPLACE (c.version + 1 AS version, 1 AS is_deleted)
FROM ${current} AS c INNER JOIN wanted AS w ON lower(hex(c.trace_id)) || ':' || lower(hex(c.span_id)) = w.key
WHERE c.tenant_id != w.tenant`,
    clickhouse_settings: { max_threads: 1, max_insert_threads: "1" },
  });
}

function toTuple({ call, settlement }: Change): string {
  const { tenantId, userId, feature, task, taskId } = settlement.attribution;
  const texts = [call.key, tenantId, userId, feature, task, taskId, settlement.duplicateOf, settlement.reason];
  return `(${texts.map(quoteText).join(", ")})`;
}
