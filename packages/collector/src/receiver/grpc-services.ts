import type { MethodDefinition, ServiceDefinition } from "@grpc/grpc-js";

/** A service with the one method that all of OTLP's have; messages stay bytes. */
export type ExportService = ServiceDefinition & { readonly Export: MethodDefinition<Buffer, Buffer> };

/** OTLP's services by signal. @see https://github.com/open-telemetry/opentelemetry-proto 1.7, collector/… */
export const TRACE_SERVICE = defineExportService("trace.v1.TraceService");
export const IGNORED_SERVICES = [
  defineExportService("metrics.v1.MetricsService"),
  defineExportService("logs.v1.LogsService"),
] as const;

function defineExportService(name: string): ExportService {
  const keep = (bytes: Buffer): Buffer => bytes;
  return {
    Export: {
      path: `/opentelemetry.proto.collector.${name}/Export`,
      requestStream: false,
      responseStream: false,
      requestSerialize: keep,
      requestDeserialize: keep,
      responseSerialize: keep,
      responseDeserialize: keep,
    },
  };
}
