import type { Context } from "@opentelemetry/api";
import type { AttributionSpanProcessor, CostSpanProcessor } from "../src/index.ts";

/** A span processor of ours, in the types every line must accept. */
export type OurProcessor = AttributionSpanProcessor | CostSpanProcessor;

export interface LineSpan {
  setAttribute(name: string, value: string | number): unknown;
  end(): void;
}

/** An OpenTelemetry SDK with our processors before a processor that exports each span at once. */
export interface Pipeline {
  startSpan(name: string, attributes?: Record<string, string | number>, parent?: Context): LineSpan;
  /** Attributes of the exported spans, in the order they ended. */
  readExported(): readonly Readonly<Record<string, unknown>>[];
}

/** One line of OpenTelemetry JS, with its context manager registered through its own copy of the API. */
export interface OtelLine {
  readonly name: string;
  createPipeline(processors: readonly OurProcessor[]): Pipeline;
}
