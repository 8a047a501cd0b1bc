import {
  type Context,
  context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  diag,
  DiagLogLevel,
  propagation,
  ROOT_CONTEXT,
} from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CBaggagePropagator } from "@opentelemetry/core";
import { expect } from "vitest";
import {
  AttributionPropagator,
  type AttributionPropagatorOptions,
  type ClaimRefusal,
  getAttribution,
  getOtelCounters,
  withAttribution,
} from "../../src/index.ts";
import { KEY, NOW_MS, TRACEPARENT } from "./keys.ts";

export const ACME = { tenantId: "acme", userId: "u-17", feature: "chat" } as const;
export const INNERS = [
  ["our own reader and writer", undefined],
  ["a W3CBaggagePropagator", new W3CBaggagePropagator()],
] as const;

/** Registers a context manager, and gives the warnings that are logged from now on. */
export function startApp(): readonly string[] {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const warnings: string[] = [];
  const ignore = (): void => undefined;
  const warn = (text: string): void => void warnings.push(text);
  const logger = { error: ignore, warn, info: ignore, debug: ignore, verbose: ignore };
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  return warnings;
}

/** A propagator with the vectors' key and clock. */
export function create(options: AttributionPropagatorOptions = {}): AttributionPropagator {
  return new AttributionPropagator({ signingKeys: [KEY], now: () => NOW_MS, ...options });
}

/** The headers that are written in a context. */
export function inject(propagator: AttributionPropagator, from: Context): Record<string, string> {
  const headers: Record<string, string> = {};
  propagator.inject(from, headers, defaultTextMapSetter);
  return headers;
}

/** The header that service A sends for ACME. */
export function send(propagator: AttributionPropagator): string {
  return withAttribution(ACME, () => propagator.write(TRACEPARENT)?.baggage ?? "");
}

/** What an incoming message makes of the empty context. */
export function receive(propagator: AttributionPropagator, headers: Record<string, string | string[]>): Context {
  return propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
}

/** What the receiver believes, and why not. */
export function judge(propagator: AttributionPropagator, headers: Record<string, string | string[]>) {
  const before = getOtelCounters();
  const received = receive(propagator, headers);
  const after = getOtelCounters();
  const refusals = Object.keys(after).filter(
    (name) =>
      name.startsWith("claim_") && after[name as `claim_${ClaimRefusal}`] > before[name as `claim_${ClaimRefusal}`],
  );
  expect(after.propagator_failed).toBe(before.propagator_failed);
  const ours =
    propagation
      .getBaggage(received)
      ?.getAllEntries()
      .map(([key]) => key) ?? [];
  expect(ours.filter((key) => /^(tenant_id|user_id|feature|spancost\.(task|task\.id|sig))$/.test(key))).toEqual([]);
  return { tenant: getAttribution(received).tenantId, refusals };
}

/** What `judge` gives for ACME. */
export const BELIEVED = { tenant: "acme", refusals: [] };
/** What `judge` gives for a refusal. */
export const refused = (reason: ClaimRefusal) => ({ tenant: undefined, refusals: [`claim_${reason}`] });
