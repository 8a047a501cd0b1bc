import type { CallRow } from "@spancost/clickhouse";
import { type CostReading, type SpanFacts, UNKNOWN_USAGE } from "@spancost/core";
import type { SpanColumns } from "./span-columns.ts";

/** The columns of a recorded cost that say what it is. */
export type CostColumns = Omit<CallRow, keyof SpanColumns>;

/** Reports a cost that is no LLM call's like a call: its kind stands where the provider stands. */
export function costColumns({ kind, amount }: CostReading, facts: SpanFacts): CostColumns {
  const costPicoUsd = amount.ok ? amount.picoUsd : null;
  return {
    provider: kind,
    providerReported: kind,
    providerAccount: "",
    model: "",
    modelRequested: "",
    modelReported: "",
    listCostPicoUsd: costPicoUsd,
    costPicoUsd,
    costStatus: amount.ok ? "provided" : "rejected",
    costReason: amount.ok ? "" : amount.issue,
    rateVersion: "",
    sessionId: "",
    operation: "",
    serviceTier: "",
    inferenceRegion: "",
    attempt: 0,
    streamed: false,
    isError: facts.statusCode === 2,
    errorType: "",
    responseId: "",
    usage: UNKNOWN_USAGE,
    usageIsLowerBound: false,
    costKind: kind,
    dialect: "spancost",
  };
}
