import { context, propagation, ROOT_CONTEXT, defaultTextMapGetter, type Context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from "@opentelemetry/core";
import { HttpInstrumentation } from "@opentelemetry/instrumentation-http";
import { UndiciInstrumentation } from "@opentelemetry/instrumentation-undici";
import { SamplingDecision, TracerProvider } from "@opentelemetry/sdk-trace";
import { createRequire } from "node:module";
import {
  AttributionPropagator,
  type AttributionPropagatorOptions,
  getAttribution,
  withAttribution,
} from "../../../otel/src/index.ts";
import type { Arrived } from "./services.ts";

/** Who pays in these tests. */
export const ACME = {
  tenantId: "acme-tenant",
  userId: "u-1717",
  feature: "chat-feature",
  task: "import-task",
} as const;
/** What must not be seen of it anywhere, nor of what names it. */
export const ATTRIBUTION = /acme-tenant|u-1717|chat-feature|import-task|tenant_id|user_id|feature=|spancost/i;
/** The same, as somebody would set it by hand. */
export const BY_HAND =
  "tenant_id=acme-tenant, user_id=u-1717;p=1,feature=chat-feature,tenant%5Fid=acme-tenant,spancost.sig=x";

const KEY = { id: "k1", key: new Uint8Array(32).fill(7) };
/** A receiver with a memory of its own, which shares the key. */
const RECEIVER = new CompositePropagator({
  propagators: [new W3CTraceContextPropagator(), new AttributionPropagator({ signingKeys: [KEY] })],
});

/** The boundary as an operator sets it up. */
export function createRule(options: AttributionPropagatorOptions = {}): AttributionPropagator {
  return new AttributionPropagator({ signingKeys: [KEY], ...options });
}

/** The boundary of an app for which no host of these tests is allowed. */
export const createDenyingRule = (): AttributionPropagator => createRule({ loopback: false, hosts: ["allowed.test"] });

/** The context that a service works in. */
export function receive({ headers }: Arrived): Context {
  return RECEIVER.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
}

/** Whose request a service believes it is. */
export const readTenant = (request: Arrived): string => getAttribution(receive(request)).tenantId ?? "nobody";

/** An app with OpenTelemetry, and stock instrumentations that can be switched on. */
export function startApp() {
  let isSampled = true;
  let http: HttpInstrumentation | undefined;
  let undici: UndiciInstrumentation | undefined;
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const tracerProvider = new TracerProvider({
    sampler: {
      shouldSample: () => ({ decision: isSampled ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD }),
    },
  });
  return {
    sample: (sampled: boolean) => void (isSampled = sampled),
    /** Instruments HTTP with the propagators that every SDK brings; that of node:http stays, since it patches a module once only. */
    instrument(): void {
      const stock = [new W3CTraceContextPropagator(), new W3CBaggagePropagator()];
      propagation.setGlobalPropagator(new CompositePropagator({ propagators: stock }));
      http ??= new HttpInstrumentation();
      undici ??= new UndiciInstrumentation();
      for (const instrumentation of [http, undici]) instrumentation.setTracerProvider(tracerProvider);
      // They patch a module when it is required.
      for (const name of ["node:http", "node:https"]) createRequire(import.meta.url)(name);
    },
    /** Leaves the channels of undici. */
    uninstrument(): void {
      undici?.disable();
      undici = undefined;
      propagation.disable();
    },
    /** Runs `fn` for ACME in a span; `baggage`: with a copy in OpenTelemetry's own baggage, as an app may ask for. */
    run: <T>(fn: () => T, options: { readonly baggage?: boolean } = {}): T =>
      tracerProvider.getTracer("app").startActiveSpan("job", () => withAttribution(ACME, fn, options)),
  };
}
