import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { ConsoleSpanExporter, type SpanExporter } from "@opentelemetry/sdk-trace";
import type { OtelEnvironment } from "../config/otel-environment.ts";
import { warn } from "../warn.ts";
import { requireFromApp } from "./require-from-app.ts";

/** An exporter, and what it speaks. */
export interface NamedExporter {
  readonly protocol: "console" | "http" | "grpc";
  readonly exporter: SpanExporter;
}

/** The app has it or not. No optional peer: npm then refuses an app whose SDK of the 2.x line brings its own older one. */
const GRPC_PACKAGE = "@opentelemetry/exporter-trace-otlp-grpc";

/** Makes the exporters that `OTEL_TRACES_EXPORTER` names; endpoint, headers and the like are read from `OTEL_EXPORTER_OTLP_*` by them. */
export function createExporters({ exporters, protocol }: OtelEnvironment): NamedExporter[] {
  if (exporters.includes("none")) return [];
  return exporters.map((name): NamedExporter => {
    if (name === "console") return { protocol: "console", exporter: new ConsoleSpanExporter() };
    const grpc = protocol === "grpc" ? createGrpcExporter() : undefined;
    if (grpc !== undefined) return { protocol: "grpc", exporter: grpc };
    return { protocol: "http", exporter: protocol === "http/json" ? new JsonExporter() : new ProtobufExporter() };
  });
}

function createGrpcExporter(): SpanExporter | undefined {
  const [found] = requireFromApp(GRPC_PACKAGE) as readonly { readonly OTLPTraceExporter: new () => SpanExporter }[];
  if (found === undefined)
    warn(
      `OTEL_EXPORTER_OTLP_PROTOCOL=grpc needs ${GRPC_PACKAGE} to be installed; http/protobuf is used, which a gRPC port refuses`,
    );
  return found === undefined ? undefined : new found.OTLPTraceExporter();
}
