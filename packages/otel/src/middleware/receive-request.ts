import { type Context, context, isSpanContextValid, propagation, trace } from "@opentelemetry/api";
import { readUnverifiedClaims } from "../boundary/claims.ts";
import { type PeerTrust, runWithTrustedClaims } from "../boundary/trusted-peers.ts";
import { reportFailure } from "../report-failure.ts";
import type { IncomingRequest } from "./incoming-request.ts";

/** Requests that a middleware has met: the second one of a request must not put what came in over what the first one resolved. */
const received = new WeakSet<object>();

/**
 * Runs `fn` in the context that a request came with: its trace and the attribution that can be believed. Where an HTTP server instrumentation has read
 * the headers already, its context stays as it is.
 */
export function receiveRequest<T>(incoming: IncomingRequest, trust: PeerTrust, fn: () => T): T {
  if (received.has(incoming.identity)) return fn();
  received.add(incoming.identity);
  const active = context.active();
  const extracted = wasExtracted(active) ? active : extract(active, incoming);
  const run = (): T => runWithTrustedClaims(trust, incoming.peerAddress, fn);
  return extracted === active ? run() : context.with(extracted, run);
}

/** An instrumentation leaves a span, started or remote; a propagator of ours alone leaves at least the claims that it did not believe. */
function wasExtracted(active: Context): boolean {
  const span = trace.getSpan(active);
  if (span === undefined || !isSpanContextValid(span.spanContext())) return readUnverifiedClaims(active) !== undefined;
  return !isEnded(span);
}

/** A server that is started inside a span keeps that one active in all its requests; it is none of theirs, and usually over. */
function isEnded(span: object): boolean {
  return "ended" in span && span.ended === true;
}

function extract(active: Context, { headers, getter }: IncomingRequest): Context {
  try {
    return propagation.extract(trace.deleteSpan(active), headers, getter);
  } catch (error) {
    reportFailure("propagator_failed", "a request's headers could not be read, what they say is not known", error);
    return active;
  }
}
