import type { CallRow, CostStatus, StoredCall } from "@spancost/clickhouse";
import type { CallReading } from "@spancost/core";
import type { PricedCall, Pricer, RateLabel } from "@spancost/rates";

/** The columns of a call that follow from prices, and change when they are worked out again. */
export type PriceColumns = Pick<
  CallRow,
  "provider" | "model" | "listCostPicoUsd" | "costPicoUsd" | "costStatus" | "costReason" | "rateVersion"
>;

/** Prices what a span says. */
export function priceColumns(reading: CallReading, startTimeUnixMs: number, pricer: Pricer): PriceColumns {
  const priced = pricer.priceCall(reading, startTimeUnixMs);
  const rate = priced.outcome === "priced" ? priced.rate : findRate(reading, startTimeUnixMs, pricer);
  return {
    ...describeCost(priced),
    // The price list's names where it knows the model, the span's own where it does not.
    provider: rate?.provider ?? reading.provider,
    model: rate?.model ?? (reading.modelReported || reading.modelRequested),
  };
}

/** Prices a call of the ledger again, by what the ledger kept of its span. */
export function repriceColumns(stored: StoredCall, pricer: Pricer): PriceColumns {
  const { provider, providerAccount, modelRequested, modelReported, serviceTier, inferenceRegion, usage } = stored;
  const reading: CallReading = {
    dialect: "",
    recognised: true,
    role: "call",
    provider,
    providerAccount,
    modelRequested,
    modelReported,
    operation: "",
    serviceTier,
    inferenceRegion,
    responseId: "",
    sessionId: "",
    streamed: false,
    isError: false,
    errorType: "",
    refused: false,
    attempt: 0,
    usage,
    usageIssue: null,
    usageKnown: true,
    usageIsLowerBound: false,
    providedUsd: null,
  };
  return priceColumns(reading, stored.startTimeUnixMs, pricer);
}

type Cost = Omit<PriceColumns, "provider" | "model">;

function describeCost(priced: PricedCall): Cost {
  if (priced.outcome !== "priced") {
    return {
      listCostPicoUsd: null,
      costPicoUsd: null,
      costStatus: priced.outcome,
      costReason: priced.reason,
      rateVersion: "",
    };
  }
  return {
    listCostPicoUsd: priced.listPicoUsd,
    costPicoUsd: priced.costPicoUsd,
    costStatus: statusOf(priced),
    costReason: "",
    rateVersion: priced.rate.version,
  };
}

function statusOf(priced: Extract<PricedCall, { outcome: "priced" }>): CostStatus {
  if (priced.provided) return "provided";
  return priced.inferred ? "inferred" : "priced";
}

/** The rate that a call without a cost would have had: its names are the same whether it succeeded or not. */
function findRate(
  { provider, modelRequested, modelReported }: CallReading,
  timeUnixMs: number,
  pricer: Pricer,
): RateLabel | null {
  const resolution = pricer.resolve({ provider, model: modelReported || modelRequested, timeUnixMs });
  return resolution.ok ? resolution.rate : null;
}
