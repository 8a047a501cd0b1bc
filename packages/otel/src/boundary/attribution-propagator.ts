import {
  type Context,
  context as activeContext,
  createContextKey,
  diag,
  isSpanContextValid,
  propagation,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  trace,
} from "@opentelemetry/api";
import { type ClaimRefusal, reportFailure } from "../report-failure.ts";
import { readScope } from "../scope.ts";
import { decodeValue, joinBaggage, parseBaggage } from "./baggage-text.ts";
import { believeClaims, type Claims, keepUnverifiedClaims, readClaims } from "./claims.ts";
import { createHostAllowList, type HostAllowList, type HostAllowListOptions } from "./host-allow-list.ts";
import { BAGGAGE_HEADER, plainBaggagePropagator, readBaggageHeader } from "./plain-baggage-propagator.ts";
import { ReplayMemory } from "./replay-memory.ts";
import { findRequestTargets } from "./request-target.ts";
import { HEADER_FORM, Signer } from "./signer.ts";
import type { SigningKey } from "./signing-keys.ts";
import { parseTraceparent, readTraceparent, type TraceParent } from "./traceparent.ts";
import {
  listMembers,
  resolveWireNames,
  SIGNATURE_NAME,
  toWireValues,
  WIRE_FIELDS,
  type WireField,
  type WireNames,
  type WireValues,
} from "./wire-fields.ts";

/** Options of `AttributionPropagator`: which hosts attribution is sent to (`hosts`, `loopback`), and what of it is believed. */
export interface AttributionPropagatorOptions extends HostAllowListOptions {
  /** The first signs, all verify. Without keys nothing is signed and no signature is believed. */
  readonly signingKeys?: readonly SigningKey[] | undefined;
  /** Seconds that a signature is believed for. @default 60 */
  readonly lifeSeconds?: number | undefined;
  /** Seconds that clocks of two hosts may differ by. @default 30 */
  readonly clockSkewSeconds?: number | undefined;
  /** Believes whatever comes in. For a process that only a trusted gateway can reach. @default false */
  readonly trustAll?: boolean | undefined;
  /** Believes a signature once only; a client that repeats a request by itself, header and all, is refused too. @default false */
  readonly rejectReplays?: boolean | undefined;
  /** Signatures remembered at a time with `rejectReplays`; beyond, nothing is believed until some expire. @default 100000 */
  readonly maxRememberedSignatures?: number | undefined;
  /** Names on the wire. @default `tenant_id`, `user_id`, `feature`, `spancost.task`, `spancost.task.id` */
  readonly keys?: { readonly [field in WireField]?: string | undefined } | undefined;
  /** Reads and writes the app's own baggage, for instance a `W3CBaggagePropagator`. @default a reader and writer of our own */
  readonly inner?: TextMapPropagator | undefined;
  /** Milliseconds since the Unix epoch. @default Date.now */
  readonly now?: (() => number) | undefined;
}

const DEFAULT_LIFE_SECONDS = 60;
const DEFAULT_CLOCK_SKEW_SECONDS = 30;
const DEFAULT_REMEMBERED_SIGNATURES = 100_000;
/** The key under which OpenTelemetry's own code marks requests of its exporters; equal names make equal keys. */
const SUPPRESS_TRACING_KEY = createContextKey("OpenTelemetry SDK Context Key SUPPRESS_TRACING");

/**
 * Stands where `W3CBaggagePropagator` stands, beside a trace context propagator in either order. Attribution leaves the process only for hosts that are
 * allowed, and comes in only when its signature holds. Never throws.
 */
export class AttributionPropagator implements TextMapPropagator {
  readonly #hosts: HostAllowList;
  readonly #names: WireNames;
  readonly #ours: ReadonlySet<string>;
  readonly #inner: TextMapPropagator;
  readonly #signer: Signer;
  readonly #replays: ReplayMemory | undefined;
  readonly #trustAll: boolean;
  readonly #now: () => number;

  constructor(options: AttributionPropagatorOptions = {}) {
    this.#hosts = createHostAllowList(options);
    this.#names = resolveWireNames(options.keys);
    this.#ours = new Set([...WIRE_FIELDS.map((field) => this.#names[field]), SIGNATURE_NAME]);
    this.#inner = options.inner ?? plainBaggagePropagator;
    this.#now = options.now ?? Date.now;
    this.#signer = new Signer({
      keys: options.signingKeys ?? [],
      lifeSeconds: options.lifeSeconds ?? DEFAULT_LIFE_SECONDS,
      clockSkewSeconds: options.clockSkewSeconds ?? DEFAULT_CLOCK_SKEW_SECONDS,
      now: this.#now,
    });
    const maxSignatures = options.maxRememberedSignatures ?? DEFAULT_REMEMBERED_SIGNATURES;
    this.#replays = options.rejectReplays === true ? new ReplayMemory(maxSignatures) : undefined;
    this.#trustAll = options.trustAll === true;
    reportOptions(this.#hosts.problems, this.#trustAll);
  }

  /** Says whether attribution may be sent to a URL. */
  allows(url: string | URL): boolean {
    return this.#hosts.allows(url);
  }

  /**
   * Writes the header of a request to a host that `allows` has allowed, for a hook below all instrumentations; `undefined` when there is nothing
   * to say. Signed when the `traceparent` is given that the request carries.
   * @param theirs the app's own members of the request's baggage, as they stand
   */
  write(
    traceparent?: string,
    from: Context = activeContext.active(),
    theirs: readonly string[] = [],
  ): { baggage: string } | undefined {
    try {
      const parent = traceparent === undefined ? undefined : parseTraceparent(traceparent);
      const ours = this.#writeMembers(from, parent);
      if (ours.length === 0) return undefined;
      const { header, dropped } = joinBaggage(ours, theirs);
      if (dropped > 0) reportLimit(dropped);
      return header === "" ? undefined : { baggage: header };
    } catch (error) {
      reportFailure("propagator_failed", "attribution could not be written", error);
      return undefined;
    }
  }

  /** Says whether a member of baggage, by its name as it stands in a header, is attribution or its signature. */
  isOurs(memberName: string): boolean {
    return this.#ours.has(memberName) || this.#ours.has(decodeValue(memberName) ?? "");
  }

  /** Writes the app's own baggage, and attribution where the request's host is known and allowed. */
  inject<Carrier>(context: Context, carrier: Carrier, setter: TextMapSetter<Carrier>): void {
    try {
      const ours = this.#isAllowed(context) ? this.#writeMembers(context, readActiveParent(context)) : [];
      const theirs = this.#injectInner(context, carrier, setter);
      const { header, dropped } = joinBaggage(ours, theirs);
      if (dropped > 0) reportLimit(dropped);
      if (header !== "") setter.set(carrier, BAGGAGE_HEADER, header);
    } catch (error) {
      reportFailure("propagator_failed", "baggage could not be written", error);
    }
  }

  /** Reads the app's own baggage, and attribution where it can be believed. */
  extract<Carrier>(context: Context, carrier: Carrier, getter: TextMapGetter<Carrier>): Context {
    let received = context;
    try {
      received = this.#withoutOurs(this.#inner.extract(context, carrier, getter));
      const header = readBaggageHeader(carrier, getter);
      const claims = readClaims(header ?? "", this.#names);
      return this.#judge(received, claims, readTraceparent(carrier, getter));
    } catch (error) {
      reportFailure("propagator_failed", "baggage could not be read", error);
      return received;
    }
  }

  /** Lists the headers that are written. */
  fields(): string[] {
    return [...new Set([...this.#inner.fields(), BAGGAGE_HEADER])];
  }

  #isAllowed(context: Context): boolean {
    if (context.getValue(SUPPRESS_TRACING_KEY) === true) return false;
    return findRequestTargets(context)?.every((url) => this.#hosts.allows(url)) === true;
  }

  #writeMembers(context: Context, parent: TraceParent | undefined): readonly string[] {
    const values = toWireValues(readScope(context).attribution);
    const members = listMembers(values, this.#names);
    if (members.length === 0 || parent === undefined) return members;
    const signature = this.#signer.sign(this.#toSignedText(values, parent));
    return signature === undefined ? members : [...members, `${SIGNATURE_NAME}=${signature}`];
  }

  #toSignedText(values: WireValues, { traceId, spanId }: TraceParent) {
    return { form: HEADER_FORM, lines: [traceId, spanId, ...listMembers(values, this.#names)] } as const;
  }

  /** Lets the inner propagator write all but our members, and keeps what it wrote as baggage back to be joined with ours. */
  #injectInner<Carrier>(context: Context, carrier: Carrier, setter: TextMapSetter<Carrier>): readonly string[] {
    let written = "";
    const capture: TextMapSetter<Carrier> = {
      set: (to, name, value) => {
        if (name.toLowerCase() === BAGGAGE_HEADER) written = value;
        else setter.set(to, name, value);
      },
    };
    this.#inner.inject(this.#withoutOurs(context), carrier, capture);
    return written === ""
      ? []
      : written.split(",").filter((member) => !parseBaggage(member).some(({ key }) => this.isOurs(key)));
  }

  #withoutOurs(context: Context): Context {
    const baggage = propagation.getBaggage(context);
    if (baggage === undefined) return context;
    const present = [...this.#ours].filter((name) => baggage.getEntry(name) !== undefined);
    return present.length === 0 ? context : propagation.setBaggage(context, baggage.removeEntries(...present));
  }

  #judge(context: Context, claims: Claims, parent: TraceParent | undefined): Context {
    if (claims.kind === "none") return keepUnverifiedClaims(context, undefined);
    if (claims.kind === "malformed") {
      reportRefusal("malformed");
      return keepUnverifiedClaims(context, undefined);
    }
    const reason = this.#trustAll ? undefined : this.#findRefusal(claims.values, claims.signature, parent);
    if (reason === undefined) return believeClaims(context, claims.attribution);
    reportRefusal(reason);
    return keepUnverifiedClaims(context, reason === "replayed" ? undefined : claims.attribution);
  }

  #findRefusal(values: WireValues, signature: string | undefined, parent: TraceParent | undefined) {
    if (signature === undefined) return "unsigned";
    if (parent === undefined) return "other_trace";
    const verdict = this.#signer.verify(this.#toSignedText(values, parent), signature);
    if (!verdict.ok) return verdict.reason;
    const isNew = this.#replays?.admit(signature, verdict.believedUntil, this.#now() / 1_000) ?? true;
    return isNew ? undefined : "replayed";
  }
}

function readActiveParent(context: Context): TraceParent | undefined {
  const spanContext = trace.getSpanContext(context);
  return spanContext !== undefined && isSpanContextValid(spanContext) ? spanContext : undefined;
}

function announce(message: string): void {
  try {
    diag.warn(`spancost: ${message}`);
  } catch {
    // A logger that throws is the app's own.
  }
}

function reportRefusal(reason: ClaimRefusal): void {
  reportFailure(`claim_${reason}`, `attribution came in that is not believed without a trusted peer: ${reason}`);
}

function reportLimit(dropped: number): void {
  reportFailure(
    "baggage_limit",
    `${dropped} members of baggage were left out, because a header holds 180 of them and 8,192 bytes`,
  );
}

function reportOptions(problems: readonly string[], trustAll: boolean): void {
  if (problems.length > 0) {
    reportFailure("invalid_boundary", `attribution is not sent to hosts that are no hosts: ${problems.join("; ")}`);
  }
  if (trustAll) announce("trustAll believes attribution from everybody who can reach this process");
}
