const OWN = ["tenant_id", "user_id", "feature", "task", "task_id"];

/** What a call says of itself is what it arrives with: it is sent once. Settlement changes the other columns, and leaves these. */
export const OWN_ATTRIBUTION: readonly string[] = [
  `ALTER TABLE spancost.llm_calls ${OWN.map((name) => `MODIFY COLUMN own_${name} DEFAULT ${name}`).join(", ")}`,
];
