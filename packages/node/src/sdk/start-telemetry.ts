import { context, diag, metrics, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { defaultResource, detectResources, envDetector, hostDetector, processDetector } from "@opentelemetry/resources";
import { TracerProvider } from "@opentelemetry/sdk-trace";
import { BillingSampler, SpancostSpanProcessor, configureAttribution, setCostTracerProvider } from "@spancost/otel";
import { installGlobals } from "@spancost/otel/globals";
import type { NodeConfig } from "../config/load-config.ts";
import type { OtelEnvironment } from "../config/otel-environment.ts";
import { flushAtExit } from "../exit/flush-at-exit.ts";
import { readOtlpTarget } from "../exit/otlp-target.ts";
import { sendQueued } from "../exit/send-queued.ts";
import { createExporters } from "./create-exporters.ts";
import { createInstrumentations } from "./create-instrumentations.ts";
import { createBoundary, createPropagator } from "./create-propagator.ts";
import { createSampler } from "./create-sampler.ts";

/** Telemetry that was started. */
export interface Telemetry {
  flush(): Promise<void>;
  shutdown(): Promise<void>;
}

/** Puts everything together and starts it. */
export function startTelemetry(
  config: NodeConfig,
  otel: OtelEnvironment,
  environment: Readonly<Record<string, string | undefined>>,
): Telemetry {
  const keys = { tenantId: config.tenantKey, userId: config.userKey, feature: config.featureKey };
  const processors = createExporters(otel).map((exporter) => new SpancostSpanProcessor({ exporter, keys }));
  const tracerProvider = new TracerProvider({
    resource: defaultResource().merge(detectResources({ detectors: [hostDetector, processDetector, envDetector] })),
    sampler: new BillingSampler(createSampler(otel.sampler)),
    spanProcessors: processors,
  });
  if (config.hashKey !== undefined) configureAttribution({ hashIds: { key: Buffer.from(config.hashKey, "base64") } });
  const guard = createBoundary(config);
  const globals = installGlobals(
    {
      contextManager: new AsyncLocalStorageContextManager().enable(),
      tracerProvider,
      propagator: createPropagator(otel.propagators, guard()),
      guardPropagator: guard,
    },
    {
      copies: [{ trace, context, propagation, metrics, diag }],
      from: [import.meta.url, process.argv[1] ?? process.cwd()],
    },
  );
  const instrumentations = createInstrumentations(config);
  // Its own provider, so that an app's SDK with its own sampler and exporters is left as it is.
  for (const instrumentation of instrumentations) instrumentation.setTracerProvider(tracerProvider);
  setCostTracerProvider(tracerProvider);
  const flush = () => tracerProvider.forceFlush();
  const removeExitListeners = flushAtExit({
    flush,
    flushSynchronously: () => sendQueued(processors, readOtlpTarget(environment)),
  });
  return {
    flush,
    async shutdown() {
      removeExitListeners();
      for (const instrumentation of instrumentations) instrumentation.disable();
      setCostTracerProvider(undefined);
      globals.uninstall();
      await tracerProvider.shutdown();
    },
  };
}
