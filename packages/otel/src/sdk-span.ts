/** The part of a span that every OpenTelemetry JS SDK lets a processor read when it ends. */
export interface EndedSpan {
  readonly name: string;
  /** As the API's `SpanKind`. */
  readonly kind: number;
  readonly status: { readonly code: number };
  /** Plain and open to be written to, in every SDK. */
  readonly attributes: Record<string, unknown>;
  /** Seconds and nanoseconds since the Unix epoch. */
  readonly startTime: readonly [number, number];
  readonly endTime: readonly [number, number];
  readonly resource: {
    readonly attributes: Readonly<Record<string, unknown>>;
    readonly asyncAttributesPending?: boolean | undefined;
    /** Resolves when the attributes that are detected asynchronously are there. */
    waitForAsyncAttributes?(): PromiseLike<void>;
  };
  readonly instrumentationScope?: SdkScope;
  /** What SDK 1.x calls the scope. */
  readonly instrumentationLibrary?: SdkScope;
}

/** Who made a span. */
interface SdkScope {
  readonly name: string;
  readonly version?: string | undefined;
}

/** The part of a span that a processor reads when it starts. */
export interface StartedSpan {
  /** As the API's `SpanKind`. */
  readonly kind: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly instrumentationScope?: SdkScope;
}

/** The part of a span that is needed to write to it. */
export interface RecordingSpan extends StartedSpan {
  setAttribute(key: string, value: string | number): unknown;
}

/** A span that ended, as a processor hands it to an exporter. */
export interface FinishedSpan extends EndedSpan {
  spanContext(): { readonly traceFlags: number };
}

/**
 * An exporter of OpenTelemetry JS 2.x or 3.x, whose own span type is `never` here: it takes what its SDK made, and so does the processor.
 */
export interface SpanExporter {
  export(spans: never[], resultCallback: (result: { code: number; error?: Error }) => void): void;
  shutdown(): Promise<void>;
  forceFlush?(): Promise<void>;
}
