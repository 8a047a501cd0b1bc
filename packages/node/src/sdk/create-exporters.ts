import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { ConsoleSpanExporter, type SpanExporter } from "@opentelemetry/sdk-trace";
import type { OtelEnvironment } from "../config/otel-environment.ts";

/** Makes the exporters that `OTEL_TRACES_EXPORTER` names; endpoint, headers and the like are read from `OTEL_EXPORTER_OTLP_*` by them. */
export function createExporters({ exporters, protocol }: OtelEnvironment): SpanExporter[] {
  if (exporters.includes("none")) return [];
  return exporters.map((name) => {
    if (name === "console") return new ConsoleSpanExporter();
    return protocol === "http/json" ? new JsonExporter() : new ProtobufExporter();
  });
}
