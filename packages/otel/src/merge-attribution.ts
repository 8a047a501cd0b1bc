import { protectId } from "./opaque-ids.ts";
import { reportFailure } from "./report-failure.ts";

/** Longest value of an attribution field, in UTF-16 code units: ids are short, and a prompt passed by mistake is not. */
const MAX_VALUE_LENGTH = 256;
/** Names that are safe as the last part of an attribute name. */
const LABEL_NAME = /^[A-Za-z0-9_.-]{1,64}$/;

/** Who and what the calls of a scope belong to. */
export interface Attribution {
  readonly tenantId: string | undefined;
  readonly userId: string | undefined;
  readonly feature: string | undefined;
  /** Name of the operation that a user triggered. */
  readonly task: string | undefined;
  /** Which run of that operation. */
  readonly taskId: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
}

/** A value of an attribution field. A number becomes its decimal text; `undefined`, `null` and `""` mean "not given". */
export type AttributionValue = string | number | bigint | null | undefined;

/** Any subset of an attribution: what is not given stays as the surrounding scope has it. */
export interface AttributionInput {
  readonly tenantId?: AttributionValue;
  readonly userId?: AttributionValue;
  readonly feature?: AttributionValue;
  readonly task?: AttributionValue;
  readonly taskId?: AttributionValue;
  /** Further dimensions such as `project_id`, merged name by name; 1 to 64 letters, digits, `_`, `.` or `-` in a name. */
  readonly labels?: Readonly<Record<string, AttributionValue>> | null | undefined;
}

/** The attribution of a scope that nobody attributed. */
export const NO_ATTRIBUTION: Attribution = Object.freeze({
  tenantId: undefined,
  userId: undefined,
  feature: undefined,
  task: undefined,
  taskId: undefined,
  labels: Object.freeze({}),
});

/**
 * Lays an attribution over that of the surrounding scope. A field that was given but cannot be used (an object, more than 256
 * characters) is reported and left empty instead of inherited: unattributed is better than billed to the surrounding tenant.
 */
export function mergeAttribution(outer: Attribution, input: AttributionInput): Attribution {
  for (const name in input) if (!(name in NO_ATTRIBUTION)) reportUnknownField(name);
  return Object.freeze({
    tenantId: mergeField("tenantId", outer.tenantId, input.tenantId),
    userId: mergeField("userId", outer.userId, input.userId),
    feature: mergeField("feature", outer.feature, input.feature),
    task: mergeField("task", outer.task, input.task),
    taskId: mergeField("taskId", outer.taskId, input.taskId),
    labels: mergeLabels(outer.labels, input.labels),
  });
}

/** A misspelt `tenantId` leaves every call unattributed, which nobody notices. */
function reportUnknownField(name: string): void {
  const known = Object.keys(NO_ATTRIBUTION).join(", ");
  reportFailure(
    "invalid_attribution",
    `an attribution has no field ${JSON.stringify(name.slice(0, 64))}, only ${known}`,
  );
}

function mergeField(name: string, outer: string | undefined, given: unknown): string | undefined {
  if (given === undefined || given === null || given === "") return outer;
  const text = toText(given);
  if (text === undefined) {
    reportFailure(
      "invalid_attribution",
      `${name} must be a string of 1 to ${MAX_VALUE_LENGTH} characters, got ${describe(given)}`,
    );
  }
  return text === undefined ? undefined : protectId(name, text);
}

function mergeLabels(outer: Attribution["labels"], given: unknown): Attribution["labels"] {
  if (given === undefined || given === null) return outer;
  if (typeof given !== "object") {
    reportFailure("invalid_attribution", `labels must be an object, got ${describe(given)}`);
    return outer;
  }
  const merged = new Map(Object.entries(outer));
  for (const [name, value] of Object.entries(given)) {
    if (!LABEL_NAME.test(name)) {
      reportFailure("invalid_attribution", `a label's name must match ${LABEL_NAME.source}, got ${describe(name)}`);
      continue;
    }
    const text = mergeField(`labels.${name}`, merged.get(name), value);
    if (text === undefined) merged.delete(name);
    else merged.set(name, text);
  }
  return Object.freeze(Object.fromEntries(merged));
}

function toText(given: unknown): string | undefined {
  const text =
    typeof given === "bigint" || (typeof given === "number" && Number.isFinite(given)) ? String(given) : given;
  return typeof text === "string" && text.length <= MAX_VALUE_LENGTH ? text : undefined;
}

/** Names a bad value by its shape only: the value itself may be a person's data. */
function describe(given: unknown): string {
  if (typeof given === "string") return `a string of ${given.length} characters`;
  return typeof given === "number" ? String(given) : `a value of type ${typeof given}`;
}
