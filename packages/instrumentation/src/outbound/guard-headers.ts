import { type Context, isSpanContextValid, trace } from "@opentelemetry/api";
import { reportFailure } from "../hooks/wire/guard.ts";
import type { OutboundAttributionRule } from "./outbound-rule.ts";

/** The headers that the guard looks at. */
type GuardedHeader = "baggage" | "traceparent";

/** The headers of one request, which are the transport's own and no object of the app's. */
export interface OutgoingHeaders {
  /** Every value under the name, in order; none when it is missing. */
  read(name: GuardedHeader): readonly string[];
  /** Puts one value in the place of all under the name, or none. */
  replace(name: GuardedHeader, value: string | undefined): void;
}

/**
 * Puts attribution into the headers of a request that may carry it, and takes it out of those of any other. Never throws.
 * @param from the context of whoever makes the request, where its host may have attribution
 */
export function guardHeaders(rule: OutboundAttributionRule, headers: OutgoingHeaders, from: Context | undefined): void {
  try {
    if (from === undefined) takeOut(rule, headers);
    else putIn(rule, headers, from);
  } catch (error) {
    reportFailure("guarding the baggage of a request", error);
    if (from === undefined) headers.replace("baggage", undefined);
  }
}

function takeOut(rule: OutboundAttributionRule, headers: OutgoingHeaders): void {
  const members = readMembers(headers);
  const theirs = members.filter((member) => !isOurs(rule, member));
  if (theirs.length === members.length) return;
  const rest = theirs.join(",").trim();
  headers.replace("baggage", rest === "" ? undefined : rest);
}

/**
 * Writes what the context says over whatever stands there: an app that forwards its caller's headers must not vouch for them. What a
 * propagator has just written is written once more, the same.
 */
function putIn(rule: OutboundAttributionRule, headers: OutgoingHeaders, from: Context): void {
  const carried = headers.read("traceparent");
  // Which of two the receiver takes is not known, and so not what to sign for.
  if (carried.length > 1 || carried[0]?.includes(",") === true) return takeOut(rule, headers);
  const traceparent = carried[0] ?? formatActiveSpan(from);
  const theirs = readMembers(headers).filter((member) => !isOurs(rule, member));
  const written = rule.write(
    traceparent,
    from,
    theirs.map((member) => member.trim()).filter((member) => member !== ""),
  );
  if (written === undefined) return takeOut(rule, headers);
  if (carried.length === 0) headers.replace("traceparent", traceparent);
  headers.replace("baggage", written.baggage);
}

function readMembers(headers: OutgoingHeaders): readonly string[] {
  return headers.read("baggage").flatMap((value) => value.split(","));
}

function isOurs(rule: OutboundAttributionRule, member: string): boolean {
  const [name = ""] = member.split(/[=;]/, 1);
  return rule.isOurs(name.trim());
}

/** @see https://www.w3.org/TR/trace-context/#traceparent-header, read 2026-11-20 */
function formatActiveSpan(from: Context): string | undefined {
  const span = trace.getSpanContext(from);
  if (span === undefined || !isSpanContextValid(span)) return undefined;
  return `00-${span.traceId}-${span.spanId}-${span.traceFlags.toString(16).padStart(2, "0")}`;
}
