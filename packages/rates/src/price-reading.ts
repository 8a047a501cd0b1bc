import { type CallReading, divideHalfUp, MONEY_SCALE, parseDecimal } from "@spancost/core";
import { priceAt } from "./price-at.ts";
import type { PricedCall, RateLabel, RateQuery, RateResolution } from "./priced-call.ts";

/** Digits after the point that a provider's own figure may have: a double's shortest decimal has more than money has here. */
const PROVIDED_SCALE = 40;
const PROVIDED_DIVISOR = 10n ** BigInt(PROVIDED_SCALE - MONEY_SCALE);

/** Prices what a span says: refusals and unknowns by name, the provider's own figure where no contract applies, else the catalogue. */
export function priceReading(
  reading: CallReading,
  timeUnixMs: number,
  resolve: (query: RateQuery) => RateResolution,
): PricedCall {
  if (reading.usageIssue !== null) return { outcome: "rejected", reason: reading.usageIssue };
  const provided = parseProvided(reading.providedUsd);
  if (!reading.usageKnown && provided === null) {
    return reading.refused
      ? { outcome: "not_billed", reason: reading.errorType || "error" }
      : { outcome: "unknown_usage", reason: "no-usage" };
  }
  const resolution = resolveReading(reading, timeUnixMs, resolve);
  const byContract = resolution.ok && resolution.rate.contract !== undefined && reading.usageKnown;
  if (provided === null || byContract) return priceAt(resolution, reading.usage);
  const listed = reading.usageKnown ? priceAt(resolution, reading.usage) : null;
  const listPicoUsd = listed?.outcome === "priced" ? listed.listPicoUsd : provided;
  return {
    outcome: "priced",
    costPicoUsd: provided,
    listPicoUsd,
    inferred: false,
    provided: true,
    rate: toLabel(reading, resolution),
    lines: [],
  };
}

/** What a price is found by. */
export type NamedCall = Pick<
  CallReading,
  "provider" | "providerAccount" | "serviceTier" | "inferenceRegion" | "modelReported" | "modelRequested"
>;

function parseProvided(text: string | null): bigint | null {
  const parsed = text === null ? null : parseDecimal(text, PROVIDED_SCALE);
  return parsed === null || parsed < 0n ? null : divideHalfUp(parsed, PROVIDED_DIVISOR);
}

function toLabel(reading: CallReading, resolution: RateResolution): RateLabel {
  const { provider, model } = resolution.ok
    ? resolution.rate
    : { provider: reading.provider, model: reading.modelReported || reading.modelRequested };
  return { provider, model, version: "provided", inferred: false };
}

/** The reported model is what was billed; the requested one stands in where the span reports none, or a name that says nothing. */
export function resolveReading(
  reading: NamedCall,
  timeUnixMs: number,
  resolve: (query: RateQuery) => RateResolution,
): RateResolution {
  const { provider, providerAccount: account, serviceTier, inferenceRegion, modelReported, modelRequested } = reading;
  const reported = resolve({
    provider,
    model: modelReported || modelRequested,
    timeUnixMs,
    serviceTier,
    inferenceRegion,
    account,
  });
  if (reported.ok || modelReported === "" || modelRequested === "" || modelReported === modelRequested) return reported;
  const requested = resolve({ provider, model: modelRequested, timeUnixMs, serviceTier, inferenceRegion, account });
  return requested.ok
    ? { ok: true, rate: { ...requested.rate, inferred: true, label: { ...requested.rate.label, inferred: true } } }
    : reported;
}
