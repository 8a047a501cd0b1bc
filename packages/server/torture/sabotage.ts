import type { Store } from "@spancost/clickhouse";
import { STEADY_TENANTS } from "./create-traffic.ts";

const ONE = `SELECT trace_id FROM spancost.llm_calls WHERE startsWith(tenant_id, '${STEADY_TENANTS}') AND cost_status = 'priced' AND duplicate_of = '' ORDER BY trace_id LIMIT 1`;

/** Ways of breaking what is stored, each of which the checks must find. */
export const SABOTAGES = {
  /** A call is gone. */
  lose: `ALTER TABLE spancost.llm_calls DELETE WHERE trace_id IN (${ONE})`,
  /** A call counts twice. */
  double: `INSERT INTO spancost.llm_calls SELECT * REPLACE (toFixedString('xxxxxxxx', 8) AS span_id) FROM spancost.llm_calls FINAL WHERE trace_id IN (${ONE})`,
  /** A call costs the smallest amount too much. */
  misprice: `ALTER TABLE spancost.llm_calls UPDATE cost = cost + toDecimal128('0.000000000001', 12) WHERE trace_id IN (${ONE})`,
  /** A span is gone. */
  "lose-span": `ALTER TABLE spancost.otel_traces DELETE WHERE TraceId IN (SELECT lower(hex(trace_id)) FROM (${ONE}))`,
  /** The roll-up has another cost than the ledger. */
  "misprice-spend": `ALTER TABLE spancost.spend_hourly UPDATE cost = cost + toDecimal128('0.000000000001', 12) WHERE startsWith(tenant_id, '${STEADY_TENANTS}')`,
} as const;
export type Sabotage = keyof typeof SABOTAGES;

/** Breaks what is stored, past the server. */
export async function sabotage({ client }: Store, kind: Sabotage): Promise<void> {
  await client.command({
    query: SABOTAGES[kind],
    clickhouse_settings: { mutations_sync: "2", allow_nondeterministic_mutations: 1 },
  });
}
