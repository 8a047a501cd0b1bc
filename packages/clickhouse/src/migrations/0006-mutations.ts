/** Tables that rows are erased from. */
const TABLES = ["otel_traces", "llm_calls", "llm_calls_history", "spend_hourly", "audit_log"];

/** A table keeps the text of its last hundred mutations, which names whom they erased: now that of one, after which another comes that names nobody. */
export const MUTATIONS: readonly string[] = TABLES.map(
  (table) => `ALTER TABLE spancost.${table} MODIFY SETTING finished_mutations_to_keep = 1`,
);
