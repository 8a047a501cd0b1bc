import type { TracerProvider } from "@opentelemetry/api";
import { type AttributionConfiguration, configureAttribution, setCostTracerProvider } from "@spancost/otel";
import { requireFromApp } from "./require-from-app.ts";

/** What is configured in each copy of `@spancost/otel`. */
export interface OtelCopy {
  readonly configureAttribution: (configuration: AttributionConfiguration) => void;
  readonly setCostTracerProvider: (provider: TracerProvider | undefined) => void;
}

/** Our copy of `@spancost/otel`, and the app's: pnpm makes another one where the app's version of OpenTelemetry's API is another. */
export function findOtelCopies(): readonly OtelCopy[] {
  const ours: OtelCopy = { configureAttribution, setCostTracerProvider };
  const others = requireFromApp("@spancost/otel") as readonly OtelCopy[];
  return [ours, ...others.filter((copy) => copy.setCostTracerProvider !== setCostTracerProvider)];
}
