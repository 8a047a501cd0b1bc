import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { AnthropicInstrumentation } from "@spancost/instrumentation-anthropic";
import { GoogleGenAIInstrumentation } from "@spancost/instrumentation-google-genai";
import { GroqInstrumentation } from "@spancost/instrumentation-groq";
import { OpenAIInstrumentation } from "@spancost/instrumentation-openai";
import { AttributionSpanProcessor, CostSpanProcessor } from "@spancost/otel";

import { toProviderUrls } from "./provider-urls.ts";

/** The OpenTelemetry set-up of the demo app. */
export interface DemoTelemetry {
  /** Sends all ended spans. */
  flush(): Promise<void>;
  /** Sends all ended spans, takes the instrumentation out and forgets the global set-up. */
  shutdown(): Promise<void>;
}

/** Where spans come from and go to. */
export interface DemoTelemetryOptions {
  /** As `Simulator.url` has it. */
  readonly simulatorUrl: string;
  /** An OTLP/HTTP receiver, without `/v1/traces`. */
  readonly otlpUrl: string;
}

/** Sets up OpenTelemetry as an app would: two Spancost processors, a stock exporter, an instrumentation a provider. */
export function startDemoTelemetry({ simulatorUrl, otlpUrl }: DemoTelemetryOptions): DemoTelemetry {
  const provider = new TracerProvider({
    spanProcessors: [
      new AttributionSpanProcessor(),
      new CostSpanProcessor(),
      new BatchSpanProcessor({
        exporter: new OTLPTraceExporter({ url: `${otlpUrl}/v1/traces` }),
        scheduledDelayMillis: 500,
      }),
    ],
  });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const urls = toProviderUrls(simulatorUrl);
  const instrumentations = [
    new OpenAIInstrumentation({ baseUrls: [urls.openai] }),
    new AnthropicInstrumentation({ baseUrls: [urls.anthropic] }),
    new GoogleGenAIInstrumentation({ baseUrls: [urls.google] }),
    new GroqInstrumentation({ baseUrls: [urls.groq] }),
  ];
  return {
    flush: () => provider.forceFlush(),
    shutdown: async () => {
      for (const instrumentation of instrumentations) instrumentation.disable();
      await provider.shutdown();
      trace.disable();
      context.disable();
    },
  };
}
