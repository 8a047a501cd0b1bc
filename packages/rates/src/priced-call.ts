import type { CostLine } from "@spancost/core";
import type { CardPrices } from "./rate-card.ts";

/** Which price is asked for. */
export interface RateQuery {
  /** As the span names it: `openai`, `gcp.vertex_ai`, `aws.bedrock`, "" when it does not say. */
  readonly provider: string;
  readonly model: string;
  readonly timeUnixMs: number;
  /** The tier that was served, in the provider's word. */
  readonly serviceTier?: string;
  readonly inferenceRegion?: string;
  /** The operator's account with the provider; contracts can name one. */
  readonly account?: string;
}

/** The price list's name for what was called, and the dated entry that prices it. */
export interface RateLabel {
  readonly provider: string;
  readonly model: string;
  /** Names the dated entry, service tier, region, hours and contract: `2024-10-02`, `first:batch`, `2026-03-13:us:acme-2026`. */
  readonly version: string;
  /** Whether provider, model or tier were concluded rather than named. */
  readonly inferred: boolean;
}

/** The price of a model at a moment. */
export interface ResolvedRate extends RateLabel, CardPrices {
  /** `false` when only one price list has the price. */
  readonly verified: boolean;
  /** The label alone, as a report or a message takes it. */
  readonly label: RateLabel;
  /** What the operator pays instead, by a contract. */
  readonly contract?: CardPrices & { readonly name: string };
}

/** Why there is no price. */
export type UnpricedReason = "unknown-provider" | "unknown-model" | "needs-mapping";

/** A price, or why there is none and which known names are near. */
export type RateResolution =
  | { readonly ok: true; readonly rate: ResolvedRate }
  | { readonly ok: false; readonly reason: UnpricedReason; readonly nearest: readonly string[] };

/** What a call costs, or why that is not known. */
export type PricedCall =
  | {
      readonly outcome: "priced";
      /** What the operator pays, in 1e-12 USD. */
      readonly costPicoUsd: bigint;
      /** What the public price list asks, in 1e-12 USD. */
      readonly listPicoUsd: bigint;
      readonly inferred: boolean;
      /** Whether the cost is the provider's own figure. */
      readonly provided: boolean;
      readonly rate: RateLabel;
      /** The parts of the cost; empty when the provider gave one figure. */
      readonly lines: readonly CostLine[];
    }
  | {
      readonly outcome: "unpriced" | "unknown_usage" | "rejected" | "not_billed";
      readonly reason: string;
      readonly nearest?: readonly string[];
    };
