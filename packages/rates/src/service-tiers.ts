/** Words for a service tier that mean standard prices. */
const STANDARD = new Set([
  "",
  "default",
  "standard",
  "auto",
  "on_demand",
  "ondemand",
  "none",
  "standard_only",
  "normal",
  "regular",
  "pay_as_you_go",
  "unspecified",
  "service_tier_unspecified",
]);
const SAME: ReadonlyMap<string, string> = new Map([
  ["batches", "batch"],
  ["batch_api", "batch"],
  ["fast_mode", "fast"],
  ["service_tier_flex", "flex"],
  ["service_tier_priority", "priority"],
  ["on_demand_priority", "priority"],
  ["on_demand_flex", "flex"],
  ["on_demand_batch", "batch"],
]);

/** Tiers of bought capacity: a token costs what the commitment makes it cost; the list price is the standard one. */
const COMMITTED: ReadonlyMap<string, string> = new Map([["anthropic", "priority"]]);

/** A service tier as price lists name it: `batch`, `flex`, `priority`, `fast`, ..., or "" for standard. */
export function readServiceTier(tier: string, provider: string): string {
  const plain = tier.trim().toLowerCase().replaceAll("-", "_");
  if (STANDARD.has(plain)) return "";
  const name = SAME.get(plain) ?? plain;
  return COMMITTED.get(provider) === name ? "" : name;
}
