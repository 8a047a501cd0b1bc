import { ATTRIBUTION_KEYS, SPANCOST } from "@spancost/core";
import { type Attribution, type AttributionInput, mergeAttribution, NO_ATTRIBUTION } from "../merge-attribution.ts";
import { reportFailure } from "../report-failure.ts";
import { decodeValue, encodeValue, TOKEN } from "./baggage-text.ts";

/** Fields that cross the process, in the order of the canonical form. */
export const WIRE_FIELDS = ["tenantId", "userId", "feature", "task", "taskId"] as const;
/** A field that crosses the process. */
export type WireField = (typeof WIRE_FIELDS)[number];
/** Names of fields on the wire. */
export type WireNames = Readonly<Record<WireField, string>>;

/** Name of the member that carries the signature. */
export const SIGNATURE_NAME = "spancost.sig";
/** What fields are called on the wire unless the operator configures others. */
export const WIRE_NAMES: WireNames = { ...ATTRIBUTION_KEYS, task: SPANCOST.task, taskId: SPANCOST.taskId };

/** Longest value of a field, in UTF-16 units, as everywhere in this package. */
const MAX_VALUE_LENGTH = 256;
/** `baggage-octet` of W3C Baggage: no control character, space, quote, comma, semicolon or backslash. */
const BAGGAGE_OCTETS = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+$/;

/** Values as they stand on the wire, percent-encoded; what nobody set is missing. */
export type WireValues = { readonly [field in WireField]?: string | undefined };

/** Lays configured names over the default ones; a name that baggage cannot have is reported and not used. */
export function resolveWireNames(given: { readonly [field in WireField]?: string | undefined } = {}): WireNames {
  const bad = WIRE_FIELDS.filter((field) => given[field] !== undefined && !TOKEN.test(given[field]));
  if (bad.length > 0) reportFailure("invalid_boundary", `keys of baggage must be tokens of HTTP: ${bad.join(", ")}`);
  const name = (field: WireField): string => {
    const wanted = given[field];
    return wanted === undefined || bad.includes(field) ? WIRE_NAMES[field] : wanted;
  };
  return {
    tenantId: name("tenantId"),
    userId: name("userId"),
    feature: name("feature"),
    task: name("task"),
    taskId: name("taskId"),
  };
}

/** Encodes the fields that are set. */
export function toWireValues(attribution: Attribution): WireValues {
  const values: { [field in WireField]?: string } = {};
  for (const field of WIRE_FIELDS) {
    const value = attribution[field];
    if (value !== undefined) values[field] = encodeValue(value);
  }
  return values;
}

/** Decodes values into an attribution without labels; `undefined` when one of them is none, since a part would name the wrong payer. */
export function fromWireValues(values: WireValues): Attribution | undefined {
  const input: { -readonly [field in keyof AttributionInput]: AttributionInput[field] } = {};
  for (const field of WIRE_FIELDS) {
    const raw = values[field];
    if (raw === undefined) continue;
    const value = BAGGAGE_OCTETS.test(raw) ? decodeValue(raw) : undefined;
    if (value === undefined || value === "" || value.length > MAX_VALUE_LENGTH) return undefined;
    input[field] = value;
  }
  return mergeAttribution(NO_ATTRIBUTION, input);
}

/** Lists `name=value` for each field that is set, in the order of the canonical form. */
export function listMembers(values: WireValues, names: WireNames): readonly string[] {
  return WIRE_FIELDS.flatMap((field) => (values[field] === undefined ? [] : [`${names[field]}=${values[field]}`]));
}
