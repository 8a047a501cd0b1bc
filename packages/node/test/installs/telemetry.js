// Copied beside the app: an SDK of its own, which exports elsewhere.
import { env } from "node:process";
import { DiagConsoleLogger, DiagLogLevel, diag } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { NodeSDK } from "@opentelemetry/sdk-node";

diag.setLogger(new DiagConsoleLogger(), DiagLogLevel.WARN);
const sdk = new NodeSDK({ traceExporter: new OTLPTraceExporter({ url: env.TRACES_URL }) });
sdk.start();
process.once("beforeExit", () => void sdk.shutdown());
