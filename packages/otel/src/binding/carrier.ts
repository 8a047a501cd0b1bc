import { context } from "@opentelemetry/api";
import { getAttribution } from "../attribution.ts";
import { believeClaims } from "../boundary/claims.ts";
import { CARRIER_FORM, Signer, type SignedText } from "../boundary/signer.ts";
import type { SigningKey } from "../boundary/signing-keys.ts";
import {
  fromWireValues,
  listMembers,
  SIGNATURE_NAME,
  toWireValues,
  WIRE_FIELDS,
  WIRE_NAMES,
  type WireValues,
} from "../boundary/wire-fields.ts";
import { type Attribution, mergeAttribution, NO_ATTRIBUTION } from "../merge-attribution.ts";
import { createProcessSetting } from "../process-setting.ts";
import { type ClaimRefusal, reportFailure } from "../report-failure.ts";

/** An attribution as plain JSON, to put into a job or `workerData`: wire names and percent-encoded values, labels as `spancost.label.<name>`. */
export type AttributionCarrier = Readonly<Record<string, string>>;

/** How carriers are signed. */
export interface CarrierOptions {
  /** The first signs, all verify; with keys, a carrier without a valid signature is not believed. */
  readonly signingKeys: readonly SigningKey[];
  /** Seconds that a carrier is believed for: a job may wait. @default 604800, 7 days */
  readonly lifeSeconds?: number | undefined;
  /** Milliseconds since the Unix epoch. @default Date.now */
  readonly now?: (() => number) | undefined;
}

const DEFAULT_LIFE_SECONDS = 604_800;
const CLOCK_SKEW_SECONDS = 30;
const LABEL_PREFIX = "spancost.label.";

const signing = createProcessSetting(
  "carriers",
  (options: CarrierOptions) =>
    new Signer({
      keys: options.signingKeys,
      lifeSeconds: options.lifeSeconds ?? DEFAULT_LIFE_SECONDS,
      clockSkewSeconds: CLOCK_SKEW_SECONDS,
      now: options.now ?? Date.now,
    }),
);

/** Sets, or with `undefined` ends, the signing of carriers from now on. */
export function setCarrierSigning(options: CarrierOptions | undefined): void {
  signing.set(options);
}

/** Packs the attribution in force, labels included, for code that runs later or elsewhere; signed when `configureAttribution` gave keys. */
export function captureAttribution(): AttributionCarrier {
  try {
    const attribution = getAttribution();
    const values = toWireValues(attribution);
    const labels = toLabelEntries(attribution);
    const fields = WIRE_FIELDS.flatMap((field) =>
      values[field] === undefined ? [] : [[WIRE_NAMES[field], values[field]]],
    );
    const carrier = Object.fromEntries([...fields, ...labels]) as Record<string, string>;
    const signature = signing.get()?.sign(toSignedText(values, labels));
    return signature === undefined ? carrier : { ...carrier, [SIGNATURE_NAME]: signature };
  } catch (error) {
    reportFailure("propagator_failed", "an attribution could not be packed, what runs with it is unattributed", error);
    return {};
  }
}

/**
 * Runs `fn` exactly once in the attribution that a carrier packs, and in nothing of the surrounding one; a carrier that is missing, damaged or, where keys
 * are set, not validly signed leaves it unattributed. What `fn` returns is returned, what it throws is thrown.
 */
export function runWithCarrier<T>(carrier: AttributionCarrier | null | undefined, fn: () => T): T {
  return context.with(believeClaims(context.active(), unpack(carrier)), fn);
}

function unpack(carrier: unknown): Attribution {
  try {
    if (typeof carrier !== "object" || carrier === null) return NO_ATTRIBUTION;
    const entries = Object.entries(carrier).filter((entry): entry is [string, string] => typeof entry[1] === "string");
    // A line end would make two signed lines of what is one member.
    if (entries.some((entry) => entry.join("").includes("\n"))) return refuse("malformed");
    const given = new Map(entries);
    const values: WireValues = Object.fromEntries(WIRE_FIELDS.map((field) => [field, given.get(WIRE_NAMES[field])]));
    const labels = entries.filter(([name]) => name.startsWith(LABEL_PREFIX));
    const refusal = findRefusal(toSignedText(values, labels), given.get(SIGNATURE_NAME));
    if (refusal !== undefined) return refuse(refusal);
    return withLabels(fromWireValues(values), labels) ?? refuse("malformed");
  } catch (error) {
    reportFailure("propagator_failed", "a carrier could not be read, what runs with it is unattributed", error);
    return NO_ATTRIBUTION;
  }
}

function findRefusal(text: SignedText, signature: string | undefined): ClaimRefusal | undefined {
  const signer = signing.get();
  if (signer === undefined) return undefined;
  if (signature === undefined) return "unsigned";
  const verdict = signer.verify(text, signature);
  return verdict.ok ? undefined : verdict.reason;
}

function withLabels(attribution: Attribution | undefined, labels: readonly Label[]): Attribution | undefined {
  if (attribution === undefined || labels.length === 0) return attribution;
  const decoded = labels.map(([name, value]) => [name.slice(LABEL_PREFIX.length), decodeURIComponent(value)]);
  return mergeAttribution(attribution, { labels: Object.fromEntries(decoded) as Record<string, string> });
}

type Label = readonly [name: string, value: string];

function toLabelEntries({ labels }: Attribution): readonly Label[] {
  return Object.entries(labels).map(([name, value]) => [LABEL_PREFIX + name, encodeURIComponent(value.toWellFormed())]);
}

/** Labels follow the fields, sorted: a queue may keep the members of an object in another order. */
function toSignedText(values: WireValues, labels: readonly Label[]): SignedText {
  const lines = labels.map(([name, value]) => `${name}=${value}`).sort();
  return { form: CARRIER_FORM, lines: [...listMembers(values, WIRE_NAMES), ...lines] };
}

function refuse(reason: ClaimRefusal): Attribution {
  reportFailure(`claim_${reason}`, `a carrier's attribution is not believed: ${reason}`);
  return NO_ATTRIBUTION;
}
