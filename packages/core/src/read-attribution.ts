import { ATTRIBUTION_KEYS, SPANCOST } from "./attribute-names.ts";
import { AttributeAccess } from "./dialects/attribute-access.ts";
import type { Source } from "./dialects/dialect.ts";
import type { SpanAttributes } from "./span-facts.ts";

/** Who and what caused a call, as far as one span says; "" is "not said". */
export interface SpanAttribution {
  readonly tenantId: string;
  readonly userId: string;
  readonly feature: string;
  readonly task: string;
  readonly taskId: string;
}

/** Names under which an application's own attribution is written. @default ATTRIBUTION_KEYS */
export type AttributionKeys = { readonly [key in keyof typeof ATTRIBUTION_KEYS]: string };

/** Longest value kept, in UTF-16 units: an id is short, and a column of the ledger's key must be. */
export const MAX_ATTRIBUTION_LENGTH = 256;

const FOREIGN_TENANT: readonly Source[] = [
  "tenant.id",
  "traceloop.association.properties.tenant_id",
  "langfuse.trace.metadata.tenant_id",
  "ai.telemetry.metadata.tenant_id",
  "ai.telemetry.metadata.tenantId",
  "langsmith.metadata.tenant_id",
  { json: "metadata", path: ["tenant_id"] },
];
const FOREIGN_USER: readonly Source[] = [
  "user.id",
  "enduser.id",
  "traceloop.association.properties.user_id",
  "langfuse.user.id",
  "ai.telemetry.metadata.user_id",
  "ai.telemetry.metadata.userId",
  "langsmith.metadata.user_id",
  { json: "metadata", path: ["user_id"] },
];
const FOREIGN_FEATURE: readonly Source[] = [
  "traceloop.association.properties.feature",
  "langfuse.trace.metadata.feature",
  "ai.telemetry.metadata.feature",
  "langsmith.metadata.feature",
  { json: "metadata", path: ["feature"] },
];

/** Attributes that attribution of other producers can stand in; those of ours are configured. */
export const ATTRIBUTION_SOURCES: readonly string[] = [
  ...new Set(
    [...FOREIGN_TENANT, ...FOREIGN_USER, ...FOREIGN_FEATURE].map((source) =>
      typeof source === "string" ? source : source.json,
    ),
  ),
  SPANCOST.task,
  SPANCOST.taskId,
];

/** Reads the attribution that stands on one span: our keys first, then those of other producers. */
export function readAttribution(span: SpanAttributes, keys: AttributionKeys = ATTRIBUTION_KEYS): SpanAttribution {
  const access = new AttributeAccess(span);
  return mapFields(keys, (sources) => access.firstText(sources).slice(0, MAX_ATTRIBUTION_LENGTH));
}

/** The sources that `readAttribution` reads on a span. */
export function findAttribution(
  span: SpanAttributes,
  keys: AttributionKeys = ATTRIBUTION_KEYS,
): { readonly [field in keyof SpanAttribution]: Source | null } {
  const access = new AttributeAccess(span);
  return mapFields(keys, (sources) => access.sourceOfText(sources));
}

function mapFields<T>(
  keys: AttributionKeys,
  map: (sources: readonly Source[]) => T,
): { [field in keyof SpanAttribution]: T } {
  return {
    tenantId: map([keys.tenantId, ...FOREIGN_TENANT]),
    userId: map([keys.userId, ...FOREIGN_USER]),
    feature: map([keys.feature, ...FOREIGN_FEATURE]),
    task: map([SPANCOST.task]),
    taskId: map([SPANCOST.taskId]),
  };
}
