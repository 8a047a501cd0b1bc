import { createHash } from "node:crypto";
import { ATTRIBUTION_SOURCES, type AttributionKeys } from "@spancost/core";
import { quoteText } from "../quote.ts";
import { StoreError } from "../store-error.ts";
import { markHours } from "./hour-marks.ts";
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

interface Plan {
  /** Rows of the ledger, its history and the roll-up that hold the subject. */
  readonly calls: string;
  readonly history: string;
  readonly rollUp: string;
  readonly spans: string;
  /** What is done to the rows of ledger and history, and to what the audit log says of earlier tasks. */
  readonly eraseCalls: string;
  readonly eraseHistory: string;
  readonly eraseAudits: string | null;
}

/**
 * Erases a tenant or a user from the ledger, its history, the roll-up and the raw spans, on disk: the parts that held the subject go
 * `old_parts_lifetime` (a minute; of the audit log, eight) later, and the marks of a tenant's hours with the next clean-up. It can end
 * anywhere and run again: the ledger, which tells the other rows, comes last. What arrives afterwards is new data. Runs must not overlap
 * with other maintenance.
 * @param signal ends the run between two statements; it is to be asked for again
 * @throws StoreError `query-refused` for nobody
 */
export async function erase(
  ledger: Ledger,
  keys: AttributionKeys,
  request: EraseRequest,
  signal?: AbortSignal,
): Promise<EraseResult> {
  const { client } = ledger;
  const plan = createPlan(request.subject, keys);
  const [calls, history, rollUp, spans] = await Promise.all([
    count(ledger, "llm_calls", plan.calls),
    count(ledger, "llm_calls_history", plan.history),
    count(ledger, "spend_hourly", plan.rollUp),
    count(ledger, "otel_traces", plan.spans),
  ]);
  if (request.apply) {
    signal?.throwIfAborted();
    await writeAudit(ledger, request);
    // From here on these hours are read from the ledger; the sealer adds them up again.
    await markHours(
      client,
      `SELECT tenant_id, hour FROM spancost.llm_calls WHERE ${plan.calls} UNION ALL SELECT tenant_id, hour FROM spancost.spend_hourly WHERE ${plan.rollUp}`,
    );
    const mutations = [
      ["otel_traces", `DELETE WHERE ${plan.spans}`],
      ["audit_log", plan.eraseAudits],
      ["llm_calls_history", plan.eraseHistory],
      ["spend_hourly", `DELETE WHERE ${plan.rollUp}`],
      ["llm_calls", plan.eraseCalls],
    ] as const;
    for (const [table, what] of mutations) {
      signal?.throwIfAborted();
      if (what !== null) await mutate(ledger, table, what);
    }
  }
  return { calls, history, rollUp, spans };
}

function createPlan(subject: EraseSubject, keys: AttributionKeys): Plan {
  const id = "tenant" in subject ? subject.tenant : subject.user;
  if (id === "")
    throw new StoreError("query-refused", "Name the user or the tenant to erase; an empty name is nobody's.");
  return "tenant" in subject ? planTenant(id, toSpans(id, keys)) : planUser(id, toSpans(id, keys));
}

function planTenant(id: string, carries: string): Plan {
  const rows = `tenant_id = ${quoteText(id)}`;
  return {
    calls: rows,
    history: rows,
    rollUp: rows,
    spans: `${carries} OR ${spansOf(rows)}`,
    eraseCalls: `DELETE WHERE ${rows}`,
    eraseHistory: `DELETE WHERE ${rows}`,
    eraseAudits: `UPDATE details = ${hashTenant(id)} WHERE JSONExtractString(details, 'tenant') = ${quoteText(id)}`,
  };
}

function planUser(user: string, carries: string): Plan {
  const id = quoteText(user);
  const calls = `user_id = ${id} OR own_user_id = ${id}`;
  const emptied = (column: string) => `${column} = if(${column} = ${id}, '', ${column})`;
  const labels = `labels = mapApply((name, value) -> (name, if(value = ${id}, '', value)), labels)`;
  return {
    calls,
    history: `user_id = ${id}`,
    rollUp: `user_id = ${id}`,
    spans: `${carries} OR ${spansOf(calls)}`,
    eraseCalls: `UPDATE ${emptied("user_id")}, ${emptied("own_user_id")}, session_id = '', ${labels} WHERE ${calls}`,
    eraseHistory: `UPDATE user_id = '' WHERE user_id = ${id}`,
    // No task names a user.
    eraseAudits: null,
  };
}

/** The details of an audit, in which a tenant's hash stands for it. */
function hashTenant(tenant: string): string {
  const [before, after] = [{ tenant }, { sha256: toHash(tenant) }].map((part) => JSON.stringify(part).slice(1, -1));
  return `replaceOne(details, ${quoteText(before ?? "")}, ${quoteText(after ?? "")})`;
}

function toHash(id: string): string {
  return createHash("sha256").update(id).digest("hex");
}

function spansOf(calls: string): string {
  return `(TraceId, SpanId) IN (SELECT lower(hex(trace_id)), lower(hex(span_id)) FROM spancost.llm_calls WHERE ${calls})`;
}

/** Spans with the subject in an attribute that attribution is read from, as itself or within JSON. */
function toSpans(id: string, keys: AttributionKeys): string {
  const names = [...new Set([keys.tenantId, keys.userId, ...ATTRIBUTION_SOURCES])].map(quoteText).join(", ");
  const holds = `has([${names}], name) AND (value = ${quoteText(id)} OR (startsWith(value, '{') AND position(value, ${quoteText(JSON.stringify(id))}) > 0))`;
  return ["SpanAttributes", "ResourceAttributes"]
    .map((map) => `arrayExists((name, value) -> ${holds}, mapKeys(${map}), mapValues(${map}))`)
    .join(" OR ");
}

async function count({ client }: Ledger, table: string, where: string): Promise<number> {
  const query = `SELECT count() AS n FROM spancost.${table} WHERE ${where}`;
  const [row] = await (await client.query({ query, format: "JSONEachRow" })).json<{ n: string }>();
  return Number(row?.n ?? 0);
}

/** Returns when the parts are rewritten. */
async function mutate({ client }: Ledger, table: string, what: string): Promise<void> {
  await client.command({
    query: `ALTER TABLE spancost.${table} ${what}`,
    clickhouse_settings: { mutations_sync: "2", allow_nondeterministic_mutations: 1 },
  });
}

/** The audit log must not keep what is erased: it holds a hash, by which a given subject can be found. */
async function writeAudit({ client }: Ledger, { subject, actor }: EraseRequest): Promise<void> {
  const [kind = "", id = ""] = Object.entries(subject)[0] ?? [];
  const details = JSON.stringify({ subject: kind, sha256: toHash(id) });
  await client.insert({
    table: "spancost.audit_log",
    values: [{ id: crypto.randomUUID(), action: "erase", actor, details }],
    format: "JSONEachRow",
  });
}
