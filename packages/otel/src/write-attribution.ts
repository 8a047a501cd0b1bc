import { ATTRIBUTION_KEYS, SPANCOST } from "@spancost/core";
import type { Attribution } from "./merge-attribution.ts";

/** Attribute names that attribution has on spans. */
export type AttributionKeys = { readonly [field in keyof typeof ATTRIBUTION_KEYS]: string };

/** Names that differ from the default. */
export type AttributionKeyOptions = { readonly [field in keyof AttributionKeys]?: string | undefined };

/** What a label's name follows on a span. */
const LABEL_PREFIX = "spancost.label.";

/** The names in force. */
export function toAttributionKeys({ tenantId, userId, feature }: AttributionKeyOptions = {}): AttributionKeys {
  return {
    tenantId: tenantId ?? ATTRIBUTION_KEYS.tenantId,
    userId: userId ?? ATTRIBUTION_KEYS.userId,
    feature: feature ?? ATTRIBUTION_KEYS.feature,
  };
}

/** Calls `write` for every attribute of an attribution that a span does not have yet. */
export function writeAttribution(
  attributes: Readonly<Record<string, unknown>>,
  { tenantId, userId, feature, task, taskId, labels }: Attribution,
  keys: AttributionKeys,
  write: (name: string, value: string) => void,
): void {
  if (tenantId !== undefined && attributes[keys.tenantId] === undefined) write(keys.tenantId, tenantId);
  if (userId !== undefined && attributes[keys.userId] === undefined) write(keys.userId, userId);
  if (feature !== undefined && attributes[keys.feature] === undefined) write(keys.feature, feature);
  if (task !== undefined && attributes[SPANCOST.task] === undefined) write(SPANCOST.task, task);
  if (taskId !== undefined && attributes[SPANCOST.taskId] === undefined) write(SPANCOST.taskId, taskId);
  for (const label in labels) {
    const name = LABEL_PREFIX + label;
    const value = labels[label];
    if (value !== undefined && attributes[name] === undefined) write(name, value);
  }
}
