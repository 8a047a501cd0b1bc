// The telemetry that the app had before Spancost: its own exporter, sampler and instrumentations. Nothing here knows of Spancost.
import { env } from "node:process";
import { DiagConsoleLogger, DiagLogLevel, diag } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { HttpInstrumentation } from "@opentelemetry/instrumentation-http";
import { UndiciInstrumentation } from "@opentelemetry/instrumentation-undici";
import { NodeSDK } from "@opentelemetry/sdk-node";

diag.setLogger(new DiagConsoleLogger(), DiagLogLevel.WARN);
const { TRACES_URL } = env; // where the app's own traces go: not OTEL_EXPORTER_OTLP_ENDPOINT, which is Spancost's here
const sdk = new NodeSDK({
  traceExporter: new OTLPTraceExporter({ url: TRACES_URL }),
  instrumentations: [new HttpInstrumentation(), new UndiciInstrumentation()],
});
sdk.start();
process.once("SIGTERM", () => void sdk.shutdown().finally(() => process.exit()));
