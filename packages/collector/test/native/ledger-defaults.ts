/** A column that the database fills in where a block leaves it out. */
export interface DefaultColumn {
  readonly name: string;
  readonly type: string;
  readonly value: (row: Readonly<Record<string, unknown>>) => unknown;
}

const OWN = ["tenant_id", "user_id", "feature", "task", "task_id"];
const COUNTS = [
  "audio_input_tokens",
  "audio_output_tokens",
  "image_input_tokens",
  "image_output_tokens",
  "images",
  "characters",
  "web_search_requests",
];

/** As the ledger's migrations have them; `spool/into-the-engine.test.ts` shows that the engine does the same. */
export const LEDGER_DEFAULTS: readonly DefaultColumn[] = [
  ...OWN.map((name) => ({
    name: `own_${name}`,
    type: "String",
    value: (row: Readonly<Record<string, unknown>>) => row[name],
  })),
  ...COUNTS.map((name) => ({ name, type: "Nullable(UInt64)", value: () => null })),
  ...["audio_seconds", "video_seconds"].map((name) => ({
    name,
    type: "Nullable(Decimal(18, 9))",
    value: () => null,
  })),
  { name: "version", type: "UInt64", value: () => 0n },
];
