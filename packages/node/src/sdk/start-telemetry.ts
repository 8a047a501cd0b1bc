import { ROOT_CONTEXT, context, createContextKey, diag, metrics, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { defaultResource, detectResources, envDetector, hostDetector, processDetector } from "@opentelemetry/resources";
import { TracerProvider } from "@opentelemetry/sdk-trace";
import { setOutboundAttribution } from "@spancost/instrumentation/outbound";
import { BillingSampler, SpancostSpanProcessor, configureAttribution, setCostTracerProvider } from "@spancost/otel";
import { type InstalledGlobals, installGlobals } from "@spancost/otel/globals";
import type { NodeConfig } from "../config/load-config.ts";
import type { OtelEnvironment } from "../config/otel-environment.ts";
import { flushAtExit } from "../exit/flush-at-exit.ts";
import { readOtlpTarget } from "../exit/otlp-target.ts";
import { sendQueued } from "../exit/send-queued.ts";
import { warn } from "../warn.ts";
import { createDiagLogger } from "./create-diag-logger.ts";
import { createExporters } from "./create-exporters.ts";
import { createInstrumentations } from "./create-instrumentations.ts";
import { createBoundary, createPropagator } from "./create-propagator.ts";
import { createSampler } from "./create-sampler.ts";
import { getAppPlaces } from "./require-from-app.ts";

/** Telemetry that was started. */
export interface Telemetry {
  flush(): Promise<void>;
  shutdown(): Promise<void>;
}

type Environment = Readonly<Record<string, string | undefined>>;

interface Exporting {
  readonly protocol: "console" | "http" | "grpc";
  readonly processor: SpancostSpanProcessor;
}

/** Puts everything together and starts it. */
export function startTelemetry(config: NodeConfig, otel: OtelEnvironment, environment: Environment): Telemetry {
  const keys = { tenantId: config.tenantKey, userId: config.userKey, feature: config.featureKey };
  const exporting = createExporters(otel).map(({ protocol, exporter }) => ({
    protocol,
    processor: new SpancostSpanProcessor({ exporter, keys }),
  }));
  const tracerProvider = createTracerProvider(otel, exporting);
  const globals = install(tracerProvider, config, otel);
  const instrumentations = createInstrumentations(config);
  // Its own provider, so that an app's SDK with its own sampler and exporters is left as it is.
  for (const instrumentation of instrumentations) instrumentation.setTracerProvider(tracerProvider);
  setCostTracerProvider(tracerProvider);
  configure(config);
  const flush = () => tracerProvider.forceFlush();
  const removeExitListeners = exporting.length === 0 ? undefined : flushQueuedAtExit(flush, exporting, environment);
  return {
    flush,
    async shutdown() {
      removeExitListeners?.();
      for (const instrumentation of instrumentations) instrumentation.disable();
      setCostTracerProvider(undefined);
      setOutboundAttribution(undefined);
      globals.uninstall();
      await tracerProvider.shutdown();
    },
  };
}

/** What the environment says nothing of stays as the app has configured it. */
function configure({ hashKey, trustedPeers }: NodeConfig): void {
  configureAttribution({
    ...(hashKey === undefined ? {} : { hashIds: { key: Buffer.from(hashKey, "base64") } }),
    ...(trustedPeers.length === 0 ? {} : { trustedPeers }),
  });
}

function createTracerProvider(otel: OtelEnvironment, exporting: readonly Exporting[]): TracerProvider {
  return new TracerProvider({
    resource: defaultResource().merge(detectResources({ detectors: [hostDetector, processDetector, envDetector] })),
    sampler: new BillingSampler(createSampler(otel.sampler)),
    spanProcessors: exporting.map(({ processor }) => processor),
  });
}

function install(tracerProvider: TracerProvider, config: NodeConfig, otel: OtelEnvironment): InstalledGlobals {
  const guard = createBoundary(config);
  const boundary = guard();
  // Below all instrumentations: a span that is not sampled does not say where its request goes.
  if (otel.propagators.includes("baggage")) setOutboundAttribution(boundary);
  const globals = {
    contextManager: new AsyncLocalStorageContextManager().enable(),
    tracerProvider,
    propagator: createPropagator(otel.propagators, boundary),
    guardPropagator: guard,
    diag: createDiagLogger(otel.logLevel),
  };
  const copies = [{ trace, context, propagation, metrics, diag }];
  const installed = installGlobals(globals, { copies, from: getAppPlaces() });
  if (!keepsContext())
    warn("no context manager works in this process: LLM calls are seen and priced, but attributed to nobody");
  return installed;
}

function keepsContext(): boolean {
  const key = createContextKey("spancost.kept");
  return context.with(ROOT_CONTEXT.setValue(key, true), () => context.active().getValue(key) === true);
}

function flushQueuedAtExit(
  flush: () => Promise<void>,
  exporting: readonly Exporting[],
  environment: Environment,
): () => void {
  const target = readOtlpTarget(environment);
  return flushAtExit({
    flush,
    flushSynchronously(timeoutMs) {
      // The console needs no sending, and gRPC cannot be sent in one request.
      for (const { protocol, processor } of exporting)
        if (protocol !== "console") sendQueued(processor, target, protocol === "http" ? timeoutMs : 0);
    },
  });
}
