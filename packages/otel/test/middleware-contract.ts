import { createRequire } from "node:module";
import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { CompositePropagator, W3CTraceContextPropagator } from "@opentelemetry/core";
import { HttpInstrumentation } from "@opentelemetry/instrumentation-http";
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-node";
import { afterAll, afterEach, beforeAll, describe } from "vitest";
import { AttributionPropagator } from "../src/index.ts";
import { KEY } from "./boundary/keys.ts";
import type { RunningServer } from "./middleware-client.ts";
import { describeConcurrency } from "./middleware-concurrency.ts";
import { describeFailures } from "./middleware-failures.ts";
import { describeInbound } from "./middleware-inbound.ts";
import { type ContractApp, type ContractSuite, type MiddlewareAdapter, streamTenant } from "./middleware-suite.ts";

const exporter = new InMemorySpanExporter();
const require = createRequire(import.meta.url);
let instrumentation: HttpInstrumentation | undefined;

function enableInstrumentation(): void {
  if (instrumentation !== undefined) return instrumentation.enable();
  instrumentation = new HttpInstrumentation({ disableOutgoingRequestInstrumentation: true });
  // It patches the prototype of all servers when the module is required after it.
  require("node:http");
}

function startTelemetry(): void {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
  const ours = new AttributionPropagator({ signingKeys: [KEY] });
  propagation.setGlobalPropagator(new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), ours] }));
}

/** What every middleware must do; adapters are run against it with a real server on loopback. */
export function describeMiddleware(adapter: MiddlewareAdapter): void {
  beforeAll(startTelemetry);

  describe.each([
    [adapter.name, false],
    [`${adapter.name} with an HTTP server instrumentation`, true],
  ])("%s", (_name, isInstrumented) => {
    const servers: RunningServer[] = [];
    beforeAll(() => {
      if (isInstrumented) enableInstrumentation();
    });
    afterAll(() => instrumentation?.disable());
    afterEach(async () => {
      exporter.reset();
      await Promise.all(servers.splice(0).map((server) => server.close()));
    });

    const start = async (app: Partial<ContractApp>): Promise<RunningServer> => {
      const server = await adapter.start({ handle: async () => streamTenant(), ...app });
      servers.push(server);
      return server;
    };
    const suite: ContractSuite = { adapter, isInstrumented, exporter, start };
    describeConcurrency(suite);
    describeFailures(suite);
    describeInbound(suite);
  });
}
