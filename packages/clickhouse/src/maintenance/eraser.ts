import { createHash } from "node:crypto";
import type { ClickHouseClient } from "@clickhouse/client";
import { ATTRIBUTION_SOURCES, type AttributionKeys } from "@spancost/core";
import { quoteText } from "../quote.ts";
import { selectRows } from "../select-rows.ts";
import type { Store } from "../store.ts";
import { StoreError } from "../store-error.ts";
import { markHours } from "./hour-marks.ts";
import { mutate } from "./mutations.ts";
import { type Partition, queryPartitions } from "./partitions.ts";
import type { Ledger } from "./write-versions.ts";

/** Whom to erase: a tenant with all that is known of it, or a user's identity, whose calls stay the tenant's spend. */
export type EraseSubject = { readonly user: string } | { readonly tenant: string };

/** What is to be erased. */
export interface EraseRequest {
  readonly subject: EraseSubject;
  /** Erase; otherwise only tell. */
  readonly apply: boolean;
  /** Who asked, for the audit log. */
  readonly actor: string;
}

/** How many rows hold the subject, versions and redeliveries included. */
export interface EraseResult {
  readonly calls: number;
  readonly history: number;
  readonly rollUp: number;
  readonly spans: number;
}

/** Who asks the database: counting reads every column that may hold the subject, which takes long. */
export type EraseLedger = Ledger & Pick<Store, "patientClient">;

/** What is done to the rows of a table that hold the subject. */
interface TablePlan {
  readonly table: string;
  readonly holds: (partition: Partition) => string;
  readonly action: string;
}

/** In the order in which it is done. */
interface Plan {
  readonly spans: TablePlan;
  readonly history: TablePlan;
  readonly rollUp: TablePlan;
  /** The ledger, which tells the other rows, comes last. */
  readonly calls: TablePlan;
}

/** What was found of the subject in a table. */
interface Found {
  readonly rows: number;
  /** Ids of partitions without it. */
  readonly without: ReadonlySet<string>;
}

/**
 * Erases a tenant or a user from the ledger, its history, the roll-up and the raw spans, on disk, in the partitions that hold it: old
 * parts go `old_parts_lifetime` (a minute; of the audit log, eight) later, and the marks of a tenant's hours with the next clean-up. It can
 * end anywhere and run again. What arrives meanwhile may stay, and what arrives afterwards is new data. Runs must not overlap with other
 * maintenance.
 * @param signal ends the run between two looks at the database; it is to be asked for again
 * @throws StoreError `query-refused` for nobody, `query-failed` where the database cannot rewrite rows
 */
export async function erase(
  ledger: EraseLedger,
  keys: AttributionKeys,
  request: EraseRequest,
  signal?: AbortSignal,
): Promise<EraseResult> {
  const { client } = ledger;
  const plan = createPlan(request.subject, keys);
  // One after the other: each of them keeps the database busy.
  const spans = await find(ledger, plan.spans, signal);
  const history = await find(ledger, plan.history, signal);
  const rollUp = await find(ledger, plan.rollUp, signal);
  const calls = await find(ledger, plan.calls, signal);
  if (request.apply) {
    signal?.throwIfAborted();
    await writeAudit(client, request);
    // From here on these hours are read from the ledger; the sealer adds them up again.
    await mark(client, plan.calls, calls);
    await mark(client, plan.rollUp, rollUp);
    await rewrite(client, plan.spans, spans, signal);
    if ("tenant" in request.subject) await eraseAudits(client, request.subject.tenant, signal);
    await rewrite(client, plan.history, history, signal);
    await rewrite(client, plan.rollUp, rollUp, signal);
    await rewrite(client, plan.calls, calls, signal);
  }
  return { calls: calls.rows, history: history.rows, rollUp: rollUp.rows, spans: spans.rows };
}

async function find(
  { client, patientClient }: EraseLedger,
  { table, holds }: TablePlan,
  signal: AbortSignal | undefined,
): Promise<Found> {
  let total = 0;
  const without = new Set<string>();
  for (const partition of await queryPartitions(client, table)) {
    signal?.throwIfAborted();
    const [row] = await selectRows<{ count: string }>(
      patientClient,
      `SELECT count() AS count FROM spancost.${table} WHERE ${toRows(partition, holds)}`,
    );
    const rows = Number(row?.count);
    total += rows;
    if (rows === 0) without.add(partition.id);
  }
  return { rows: total, without };
}

/** Partitions that hold the subject, and those that are new since it was looked for: a new one may have rows of it. */
async function queryHolding(client: ClickHouseClient, table: string, { without }: Found): Promise<Partition[]> {
  return (await queryPartitions(client, table)).filter(({ id }) => !without.has(id));
}

async function mark(client: ClickHouseClient, { table, holds }: TablePlan, found: Found): Promise<void> {
  for (const partition of await queryHolding(client, table, found))
    await markHours(client, `SELECT tenant_id, hour FROM spancost.${table} WHERE ${toRows(partition, holds)}`);
}

async function rewrite(
  client: ClickHouseClient,
  { table, holds, action }: TablePlan,
  found: Found,
  signal: AbortSignal | undefined,
): Promise<void> {
  const partitions = await queryHolding(client, table, found);
  const changes = partitions.map((partition) => ({ partition: partition.id, action, where: holds(partition) }));
  await mutate(client, table, changes, signal);
}

function toRows(partition: Partition, holds: TablePlan["holds"]): string {
  return `_partition_id = ${quoteText(partition.id)} AND (${holds(partition)})`;
}

function createPlan(subject: EraseSubject, keys: AttributionKeys): Plan {
  const id = "tenant" in subject ? subject.tenant : subject.user;
  if (id === "")
    throw new StoreError("query-refused", "Name the user or the tenant to erase; an empty name is nobody's.");
  return "tenant" in subject ? planTenant(id, keys) : planUser(id, keys);
}

function planTenant(tenant: string, keys: AttributionKeys): Plan {
  const rows = `tenant_id = ${quoteText(tenant)}`;
  const remove = (table: string) => ({ table, holds: () => rows, action: "DELETE" });
  return {
    spans: planSpans(tenant, keys, rows),
    history: remove("llm_calls_history"),
    rollUp: remove("spend_hourly"),
    calls: remove("llm_calls"),
  };
}

function planUser(user: string, keys: AttributionKeys): Plan {
  const id = quoteText(user);
  const rows = `user_id = ${id}`;
  const calls = `${rows} OR own_user_id = ${id}`;
  const emptied = (column: string) => `${column} = if(${column} = ${id}, '', ${column})`;
  const labels = `labels = mapApply((name, value) -> (name, if(value = ${id}, '', value)), labels)`;
  return {
    spans: planSpans(user, keys, calls),
    history: { table: "llm_calls_history", holds: () => rows, action: "UPDATE user_id = ''" },
    rollUp: { table: "spend_hourly", holds: () => rows, action: "DELETE" },
    calls: {
      table: "llm_calls",
      holds: () => calls,
      action: `UPDATE ${emptied("user_id")}, ${emptied("own_user_id")}, session_id = '', ${labels}`,
    },
  };
}

/** Spans of the subject's calls, and those that name it. */
function planSpans(id: string, keys: AttributionKeys, calls: string): TablePlan {
  const carries = toSpans(id, keys);
  return {
    table: "otel_traces",
    action: "DELETE",
    // A span's call begins when the span does: a day's spans need the ids of that day's calls only.
    holds: ({ firstDay: day }) =>
      `${carries} OR (TraceId, SpanId) IN (SELECT lower(hex(trace_id)), lower(hex(span_id)) FROM spancost.llm_calls WHERE hour >= toDateTime('${day} 00:00:00', 'UTC') AND hour <= toDateTime('${day} 23:00:00', 'UTC') AND (${calls}))`,
  };
}

/** What the audit log says of earlier tasks names a tenant, never a user: its hash is to stand there. */
async function eraseAudits(client: ClickHouseClient, tenant: string, signal: AbortSignal | undefined): Promise<void> {
  const [action, where] = [
    `UPDATE details = ${hashTenant(tenant)}`,
    `JSONExtractString(details, 'tenant') = ${quoteText(tenant)}`,
  ];
  const partitions = await queryPartitions(client, "audit_log");
  const changes = partitions.map(({ id }) => ({ partition: id, action, where }));
  await mutate(client, "audit_log", changes, signal);
}

/** The details of an audit, in which a tenant's hash stands for it. */
function hashTenant(tenant: string): string {
  const [before, after] = [{ tenant }, { sha256: toHash(tenant) }].map((part) => JSON.stringify(part).slice(1, -1));
  return `replaceOne(details, ${quoteText(before ?? "")}, ${quoteText(after ?? "")})`;
}

function toHash(id: string): string {
  return createHash("sha256").update(id).digest("hex");
}

/** Spans with the subject in an attribute that attribution is read from, as itself or within JSON. */
function toSpans(id: string, keys: AttributionKeys): string {
  const names = [...new Set([keys.tenantId, keys.userId, ...ATTRIBUTION_SOURCES])].map(quoteText).join(", ");
  const holds = `has([${names}], name) AND (value = ${quoteText(id)} OR (startsWith(value, '{') AND position(value, ${quoteText(JSON.stringify(id))}) > 0))`;
  return ["SpanAttributes", "ResourceAttributes"]
    .map((map) => `arrayExists((name, value) -> ${holds}, mapKeys(${map}), mapValues(${map}))`)
    .join(" OR ");
}

/** The audit log must not keep what is erased: it holds a hash, by which a given subject can be found. */
async function writeAudit(client: ClickHouseClient, { subject, actor }: EraseRequest): Promise<void> {
  const [kind = "", id = ""] = Object.entries(subject)[0] ?? [];
  const details = JSON.stringify({ subject: kind, sha256: toHash(id) });
  await client.insert({
    table: "spancost.audit_log",
    values: [{ id: crypto.randomUUID(), action: "erase", actor, details }],
    format: "JSONEachRow",
  });
}
