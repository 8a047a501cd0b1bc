import { type Context, createContextKey } from "@opentelemetry/api";
import type { Attribution } from "../merge-attribution.ts";
import { writeScope } from "../scope.ts";
import { parseBaggage } from "./baggage-text.ts";
import { fromWireValues, SIGNATURE_NAME, WIRE_FIELDS, type WireNames, type WireValues } from "./wire-fields.ts";

/** What a `baggage` header says of attribution, whoever wrote it. */
export type Claims =
  | { readonly kind: "none" }
  | { readonly kind: "malformed" }
  | {
      readonly kind: "claims";
      readonly values: WireValues;
      readonly attribution: Attribution;
      readonly signature: string | undefined;
    };

const CLAIMS_KEY = createContextKey("spancost.unverified-claims");

/**
 * Reads our members out of a header. A name that comes twice with two values, a member with properties (which nothing signs) or a value that is none
 * makes all of them unreadable: the safe side is to know nothing.
 */
export function readClaims(header: string, names: WireNames): Claims {
  const found = new Map<string, string>();
  const ours = new Set<string>([...WIRE_FIELDS.map((field) => names[field]), SIGNATURE_NAME]);
  for (const { key, rawValue, properties } of parseBaggage(header)) {
    if (!ours.has(key)) continue;
    const isSecond = found.has(key) && found.get(key) !== rawValue;
    if (isSecond || properties !== undefined) return { kind: "malformed" };
    found.set(key, rawValue);
  }
  if (found.size === 0) return { kind: "none" };
  const values: WireValues = Object.fromEntries(
    WIRE_FIELDS.flatMap((field) => (found.has(names[field]) ? [[field, found.get(names[field])]] : [])),
  );
  const attribution = fromWireValues(values);
  if (attribution === undefined) return { kind: "malformed" };
  return { kind: "claims", values, attribution, signature: found.get(SIGNATURE_NAME) };
}

/** Keeps claims that nobody verified where only `runWithTrustedClaims` finds them, or with `undefined` forgets those of another message. */
export function keepUnverifiedClaims(context: Context, claims: Attribution | undefined): Context {
  if (claims !== undefined) return context.setValue(CLAIMS_KEY, claims);
  return context.getValue(CLAIMS_KEY) === undefined ? context : context.deleteValue(CLAIMS_KEY);
}

/** Reads claims that nobody verified; they must not be used as attribution. */
export function readUnverifiedClaims(context: Context): Attribution | undefined {
  const claims = context.getValue(CLAIMS_KEY);
  return isAttribution(claims) ? claims : undefined;
}

/** Opens a scope that belongs to whom a message says; nothing of the surrounding scope is inherited. */
export function believeClaims(context: Context, attribution: Attribution): Context {
  return writeScope(keepUnverifiedClaims(context, undefined), { attribution, baggage: false });
}

function isAttribution(value: unknown): value is Attribution {
  return typeof value === "object" && value !== null && "labels" in value;
}
