import { ATTRIBUTION_KEYS, SPANCOST } from "@spancost/core";
import type { Attribution } from "./merge-attribution.ts";

/** Attribute names that attribution has on spans. */
export type AttributionKeys = { readonly [field in keyof typeof ATTRIBUTION_KEYS]: string };

/** Names that differ from the default. */
export type AttributionKeyOptions = { readonly [field in keyof AttributionKeys]?: string | undefined };

/** The names as they stand in the code below, held against their definition by the compiler. */
interface Attributed {
  [name: string]: unknown;
  [ATTRIBUTION_KEYS.tenantId]?: string;
  [ATTRIBUTION_KEYS.userId]?: string;
  [ATTRIBUTION_KEYS.feature]?: string;
}

/** What a label's name follows on a span. */
const LABEL_PREFIX = "spancost.label.";

/** Writes attributions under the names of an app. */
export class AttributionWriter {
  readonly #keys: AttributionKeys;
  readonly #hasDefaultKeys: boolean;

  constructor({ tenantId, userId, feature }: AttributionKeyOptions = {}) {
    this.#keys = {
      tenantId: tenantId ?? ATTRIBUTION_KEYS.tenantId,
      userId: userId ?? ATTRIBUTION_KEYS.userId,
      feature: feature ?? ATTRIBUTION_KEYS.feature,
    };
    this.#hasDefaultKeys =
      this.#keys.tenantId === ATTRIBUTION_KEYS.tenantId &&
      this.#keys.userId === ATTRIBUTION_KEYS.userId &&
      this.#keys.feature === ATTRIBUTION_KEYS.feature;
  }

  /**
   * Adds what `present`, which may be the same object, does not have yet. The default names are written out: V8 stores under a name
   * that it knows in a tenth of the time that a name in a variable takes, and this runs for every LLM span.
   */
  add(target: Record<string, unknown>, present: Readonly<Record<string, unknown>>, attribution: Attribution): void {
    if (this.#hasDefaultKeys) addByDefaultKeys(target, present, attribution);
    else addByKeys(target, present, attribution, this.#keys);
    const { task, taskId, labels } = attribution;
    if (task !== undefined && present[SPANCOST.task] === undefined) target[SPANCOST.task] = task;
    if (taskId !== undefined && present[SPANCOST.taskId] === undefined) target[SPANCOST.taskId] = taskId;
    for (const label in labels) {
      const name = LABEL_PREFIX + label;
      if (present[name] === undefined) target[name] = labels[label];
    }
  }
}

function addByDefaultKeys(target: Attributed, present: Readonly<Attributed>, attribution: Attribution): void {
  const { tenantId, userId, feature } = attribution;
  if (tenantId !== undefined && present.tenant_id === undefined) target.tenant_id = tenantId;
  if (userId !== undefined && present.user_id === undefined) target.user_id = userId;
  if (feature !== undefined && present.feature === undefined) target.feature = feature;
}

function addByKeys(
  target: Record<string, unknown>,
  present: Readonly<Record<string, unknown>>,
  attribution: Attribution,
  keys: AttributionKeys,
): void {
  for (const field of ["tenantId", "userId", "feature"] as const) {
    const value = attribution[field];
    if (value !== undefined && present[keys[field]] === undefined) target[keys[field]] = value;
  }
}
